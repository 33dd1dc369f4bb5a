"""Verdicts against cases whose truth is known; each comes with a remedy, and the remedy works."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from explain import Function, Local, Map, ModelError, explain, grid

LEARNT = np.random.default_rng(3).normal(size=(12, 12, 1))
X = np.random.default_rng(0).random((12, 12, 1)).astype(np.float32) * 0.9 + 0.05


def logit(images, steep=1.0):
    return steep * ((images - 0.5) * LEARNT).sum((1, 2, 3)).astype(np.float64)


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def of(f, probability=False, **options):
    return explain(Function(f, probability=probability), X, map=options.pop("map", grid(X.shape, 4)), **options)


def test_a_linear_model_is_trusted():
    found = of(logit)
    assert found.trust == "trust"
    assert found.verdict.startswith("Trust it: a sum of the parts' effects accounts for 100% ")


def test_a_constant_target_explains_nothing():
    found = of(lambda images: np.full(len(images), 3.0))
    assert found.trust == "constant"
    assert "Try another target or baseline" in found.verdict


def test_a_saturated_probability_is_refused_and_its_logit_trusted():
    """The planted truth is linear; only the sigmoid hides it."""
    steep = 30.0
    found = of(lambda images: sigmoid(logit(images, steep)), probability=True)
    assert found.saturated > 0.5
    assert found.trust == "saturated"
    assert "Explain the logits" in found.verdict
    assert of(lambda images: logit(images, steep)).trust == "trust"


def test_a_probability_that_is_not_saturated_is_judged_by_its_fit():
    found = of(lambda images: sigmoid(logit(images, 0.1)), probability=True)
    assert found.saturated == 0
    assert found.trust == "trust"


@pytest.mark.parametrize("scale", [50, 1, 2e-3, 2e-5])
@pytest.mark.parametrize("offset", [0.0, 0.002, 0.995])
def test_only_a_probability_saturates_whatever_the_values_are(scale, offset):
    """Logits and errors can be small, or all near 1, without being saturated."""
    found = of(lambda images: offset + scale * logit(images) / 20)
    assert found.saturated == 0
    assert found.trust == "trust"


def rough(images):
    """Its linear part is small beside what looks like chance."""
    return logit(images) * 0.3 + 4 * np.sin(1e4 * images.sum((1, 2, 3)).astype(np.float64))


def test_too_few_samples_are_unstable_and_more_repair_it():
    few = of(rough, samples=60, agreement=0)
    assert few.trust == "unstable"
    assert "Take 240 samples or more" in few.verdict
    again = of(rough, samples=60, agreement=0, seed=1)
    assert set(few.ranking[:3]) != set(again.ranking[:3]), "another seed ranks others first"
    many, other = (of(rough, samples=20_000, agreement=0, seed=seed) for seed in (0, 1))
    assert many.trust != "unstable"
    assert many.ranking[:3] == other.ranking[:3]


def test_fewer_samples_than_twice_the_parts_are_too_few_whatever_r2_says():
    found = of(rough, samples=18, engine="lime", alpha=1e-9)
    assert found.trust == "unstable"
    assert found.r2 > 0.9
    assert "too few for 16 parts" in found.verdict


def test_parts_that_are_equally_strong_are_unstable_over_seeds():
    """None of sixteen is the strongest, whatever the fit says."""

    def equal(images):
        kept = images.reshape(len(images), 4, 3, 4, 3).mean(axis=(2, 4)) > 1e-3
        return kept.sum((1, 2)) + 0.02 * np.sin(1e4 * images.sum((1, 2, 3)).astype(np.float64))

    found = of(equal, quality=True)
    assert found.r2_held_out > 0.95
    assert found.trust == "unstable"
    assert f"only {found.quality.vsi:.0%} of the strongest parts stay the same" in found.verdict
    assert of(logit, quality=True).quality.vsi > 0.9


def saved(weights, folder):
    """A SavedModel of the logit w·x."""
    module = tf.Module()
    module.w = tf.Variable(weights, dtype=tf.float32)
    spec = tf.TensorSpec((None, *X.shape), tf.float32, "images")
    judge = tf.function(lambda images: {"logits": tf.reduce_sum(images * module.w, axis=(1, 2, 3))}, [spec])
    tf.saved_model.save(module, str(folder / "gan" / "1"), signatures={"discriminate": judge})
    return Local(folder, "gan")


def test_a_model_that_sums_brightness_is_insensitive_and_a_trained_one_is_not(tmp_path):
    """Equal weights are the same however they are shuffled: the ranking is the image's own."""
    options = {"map": grid(X.shape, 4), "quality": True}
    found = explain(saved(np.full(X.shape, 0.1), tmp_path / "equal"), X, **options)
    assert found.trust == "insensitive"
    assert "correlation 1.00" in found.verdict
    assert explain(saved(LEARNT, tmp_path / "learnt"), X, **options).trust == "trust"


def parity(images):
    """Four triples of rows: what counts is whether an odd number of a triple is there."""
    kept = images.reshape(len(images), 4, 3, -1).mean(axis=3) > 1e-3
    return (2.0 * kept - 1).prod(axis=2) @ np.array([1.0, -2.0, 3.0, 4.0])


def test_parts_that_interact_have_low_fidelity_and_larger_parts_repair_it():
    rows = np.arange(144).reshape(12, 12) // 12
    found = of(parity, map=Map(rows), samples=4000, agreement=0)
    assert found.trust == "low fidelity"
    assert "Try larger or other parts" in found.verdict
    mended = of(parity, map=Map(rows // 3))
    assert mended.trust == "trust"
    np.testing.assert_allclose(mended.coefficients, [2, -4, 6, 8], rtol=0.02)


def test_a_target_that_is_two_thirds_linear_is_trusted_in_its_largest_parts():
    """Of its variance over the masks, 60 come from single rows, strongest from the last, and 30 from triples."""
    rows, effects = np.arange(144).reshape(12, 12) // 12, np.sqrt(60 * np.arange(12) / 66)

    def mixed(images):
        kept = 2.0 * (images.reshape(len(images), 12, -1).mean(axis=2) > 1e-3) - 1
        return kept @ effects + parity(images)

    found = of(mixed, map=Map(rows), samples=4000, agreement=0)
    assert found.r2_held_out == pytest.approx(60 / 90, abs=0.1)
    assert found.trust == "caution"
    assert (
        f"Trust only the largest coefficients: a sum of the parts' effects accounts for {found.r2_held_out:.0%}"
        in found.verdict
    )
    assert set(found.ranking[:3]) == {9, 10, 11}


def centred(images):
    """As in training mode: the batch's mean is taken off."""
    values = logit(images)
    return values - values.mean()


def test_a_batch_dependent_model_is_refused_and_explained_with_a_reference_batch():
    with pytest.raises(ModelError, match=r"rest of the batch.*reference=images"):
        of(centred)
    company = np.random.default_rng(9).random((7, *X.shape)).astype(np.float32)
    found, alone = of(centred, reference=company), of(logit)
    assert "together with the reference batch of 7 inputs" in found.verdict
    # Of eight rows the mean takes an eighth of the row's own value.
    np.testing.assert_allclose(found.coefficients, 7 / 8 * alone.coefficients, rtol=1e-5)
    assert found.evaluations == 8 * found.calls


def test_a_random_model_is_refused_even_with_a_reference_batch():
    rng = np.random.default_rng(0)

    def dropout(images):
        return logit(images * (rng.random(images.shape) < 0.5))

    for reference in (None, X[None]):
        with pytest.raises(ModelError, match="output is random"):
            of(dropout, reference=reference)


def test_every_verdict_has_a_remedy_but_trust():
    base = of(logit)
    quality = of(logit, quality=True).quality
    cases = [
        dataclasses.replace(base, r2=math.nan, r2_held_out=math.nan),
        dataclasses.replace(base, saturated=0.9),
        dataclasses.replace(base, errors=base.coefficients + 1),
        dataclasses.replace(base, r2_held_out=0.1),
        dataclasses.replace(base, quality=dataclasses.replace(quality, sanity=0.99)),
    ]
    assert len({case.trust for case in cases}) == len(cases)
    for case in cases:
        assert any(word in case.verdict for word in (" Try ", " Take ", " Explain "))
        assert case.verdict.startswith("Do not ")

"""What replaces masked parts."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from explain import (
    Function,
    Patches,
    RequestError,
    explain,
    grid,
    tokens,
)

RNG = np.random.default_rng(4)


IMAGE = RNG.random((20, 24, 3)).astype(np.float32)


ROW = RNG.normal(size=9).astype(np.float32) * 5


def linear(shape):
    weights = np.random.default_rng(7).normal(size=shape)
    return weights, Function(lambda inputs: (inputs.astype(np.float64) * weights).reshape(len(inputs), -1).sum(1))


def test_masked_tokens_become_the_baseline_token():
    seen = []
    sentence = np.array([4, 7, 7, 2])

    def likes_seven(inputs):
        seen.append(inputs)
        return (inputs == 7).sum(1) - 2.0 * (inputs == 2).any(1)

    words = tokens(sentence, ["the", "good", "good", "not"])
    found = explain(Function(likes_seven), sentence, map=words, baseline=1, alpha=1e-12)
    np.testing.assert_allclose(found.coefficients, [0, 1, 1, -2], atol=1e-6)
    assert set(np.unique(np.concatenate(seen))) == {1, 2, 4, 7}
    assert found.names == ("the", "good", "good", "not")
    for rule in ("mean", "blur"):
        with pytest.raises(RequestError, match=f"Tokens have no {rule}"):
            explain(Function(likes_seven), sentence, baseline=rule)


def test_a_table_is_explained_against_its_training_mean():
    training = RNG.normal(size=(50, 9)).astype(np.float32) + 3
    weights, f = linear((9,))
    found = explain(f, ROW, baseline=training.mean(axis=0), alpha=1e-12)
    np.testing.assert_allclose(found.coefficients, weights * (ROW - training.mean(axis=0)), atol=1e-5)


def test_a_blur_keeps_the_mean_loses_the_detail_and_leaves_channels_apart():
    seen = []
    x = np.zeros((32, 32, 3), np.float32)
    x[::2, :, 0] = 1
    f = Function(lambda i: seen.append(i) or i.sum((1, 2, 3)).astype(float))
    found = explain(f, x, baseline="blur")
    hidden = seen[1][0]
    assert found.baseline == "blur"
    np.testing.assert_allclose(hidden[..., 0], 0.5, atol=0.1)
    assert not hidden[..., 1:].any()


def test_patches_are_places_of_real_examples_by_seed():
    examples = RNG.random((30, 20, 24, 3)).astype(np.float32)
    seen = []
    f = Function(lambda i: seen.append(i) or i.sum((1, 2, 3)).astype(float))
    parts = grid(IMAGE.shape, 4)
    found = explain(f, IMAGE, map=parts, baseline=Patches(examples), seed=3)
    hidden = seen[1][0]
    sources = set()
    for part in range(16):
        place = parts.labels == part
        (same,) = np.flatnonzero([np.array_equal(hidden[place], example[place]) for example in examples])
        sources.add(int(same))
    assert len(sources) > 5
    assert explain(f, IMAGE, map=parts, baseline=Patches(examples), seed=3) == found
    assert explain(f, IMAGE, map=parts, baseline=Patches(examples), seed=4).f_baseline != found.f_baseline


DIGITS = load_digits().images / 16


@pytest.mark.parametrize("baseline", ["mean", 0.0])
@pytest.mark.parametrize("x", DIGITS[:5], ids=map(str, range(5)))
def test_parts_that_equal_the_baseline_lower_the_verdict_and_the_named_baseline_masks_them(x, baseline):
    """8x8 digits: the empty corners equal black and their own mean."""
    weights = np.random.default_rng(0).normal(size=(8, 8, 1))
    f = Function(lambda i: ((i - 0.4) * weights).sum((1, 2, 3)))
    found = explain(f, x, baseline=baseline)
    assert found.dead
    assert found.trust == "caution"
    assert f"{len(found.dead)} of 16 parts" in found.verdict
    assert f"Try the baseline {found.better_baseline}" in found.verdict
    again = explain(f, x, baseline=found.better_baseline)
    assert not again.dead
    assert again.trust == "trust"
    assert again.better_baseline is None


def test_the_better_baseline_of_a_black_and_white_image_is_grey():
    x = np.zeros((28, 28, 1), np.float32)
    x[:16] = 1
    f = Function(lambda i: i.sum((1, 2, 3)))
    assert explain(f, x).better_baseline == "0.5"
    assert explain(f, x, baseline=0.5).better_baseline is None


def test_a_table_names_no_rule_for_pixels():
    found = explain(Function(lambda rows: rows.sum(1)), np.array([1.0, 0.0, 2.0]))
    assert (found.dead, found.better_baseline, found.trust) == ((1,), None, "caution")
    assert "Try another baseline" in found.verdict

"""What is particular to each variant."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.core import registry
from zoo.core.errors import UserError
from zoo.core.features import Spec, image
from zoo.core.random import Seed
from zoo.losses import adversarial
from zoo.losses.penalties import PENALTIES
from zoo.networks.adversaries import NETWORKS
from zoo.networks.spectral import SpectralNormalised

SMALL = {"networks": "mlp", "latent": 4}


def build(name, classes=10, **parameters):
    keras.utils.set_random_seed(0)
    return registry.get(name)(Spec.of(image(8, 8, 1), classes), **parameters)


def batch(count=6):
    x = tf.random.stateless_uniform((count, 8, 8, 1), (0, 1), -1, 1)
    return {"image": x, "label": tf.range(count, dtype=tf.int64) % 10}, Seed.of(tf.range(count))


@pytest.mark.parametrize("name", ["cgan", "acgan"])
def test_the_label_changes_the_sample_and_nothing_else_does(name):
    model = build(name, **SMALL)
    seeds, labels = tf.zeros(10, tf.int64), tf.range(10, dtype=tf.int64)
    drawn = model.sample(seeds, label=labels)["x"].numpy()
    assert np.array_equal(drawn, model.sample(seeds, label=labels)["x"])
    distances = np.abs(drawn[:, None] - drawn[None]).max((2, 3, 4))
    assert distances[~np.eye(10, dtype=bool)].min() > 1e-4


def test_a_conditional_discriminator_sees_the_label():
    model = build("cgan", **SMALL)
    logits = model.discriminate(tf.zeros((10, 8, 8, 1)), label=tf.range(10, dtype=tf.int64))["logits"].numpy()
    assert len(np.unique(logits.round(6))) == 10


@pytest.mark.parametrize("name", ["cgan", "acgan"])
def test_a_model_of_classes_needs_labels(name):
    with pytest.raises(
        UserError, match=r"is conditioned on a feature 'label'; this data has image 8x8x1.*\. Recipes .* dcgan"
    ):
        build(name, classes=0, **SMALL)


def test_the_second_task_is_the_cross_entropy_of_the_class():
    model = build("acgan", **SMALL)
    given, seed = batch()
    logits = model.discriminate(given["image"])["class_logits"].numpy()
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    terms = model.discriminator_loss(given, seed)
    np.testing.assert_allclose(terms["real_class"], -log_p[np.arange(6), given["label"]], rtol=1e-4)
    assert "fake_class" in terms
    assert set(model.generator_loss(given, seed)) == {"fake", "fake_class"}


def test_codes_are_drawn_evenly_and_change_the_sample():
    model = build("infogan", **SMALL)
    codes = model.condition.sample({}, Seed.of(tf.range(20_000))).numpy()
    np.testing.assert_allclose(codes[:, :10].mean(axis=0), 0.1, atol=0.01)
    assert np.array_equal(codes[:, :10].sum(axis=1), np.ones(20_000))
    assert np.abs(codes[:, 10:]).max() <= 1
    assert abs(np.corrcoef(codes[:, 10], codes[:, 11])[0, 1]) < 0.03
    z, category = tf.zeros((10, 4)), tf.range(10, dtype=tf.int64)
    drawn = model.generate(z, category=category, continuous=tf.zeros((10, 2)))["x"].numpy()
    assert np.abs(drawn[1:] - drawn[:1]).max((1, 2, 3)).min() > 1e-4
    moved = model.generate(z, category=category, continuous=tf.ones((10, 2)))["x"].numpy()
    assert np.abs(drawn - moved).max((1, 2, 3)).min() > 1e-4


def test_infogan_without_continuous_codes_has_neither_inputs_nor_outputs_for_them():
    model = build("infogan", continuous=0, **SMALL)
    signatures = model.signatures()
    assert signatures["generate"].inputs.keys() == {"latents", "category"}
    x = signatures["sample"].function(seed=tf.range(3, dtype=tf.int64))["x"]
    assert signatures["discriminate"].function(x=x).keys() == {"logits", "probability", "category_logits"}
    assert signatures["discriminate"].outputs.keys() == {"logits", "probability", "category_logits"}


def test_information_is_in_both_losses_and_at_most_the_codes_entropy():
    model = build("infogan", **SMALL)
    given, seed = batch()
    for terms in (model.discriminator_loss(given, seed), model.generator_loss(given, seed)):
        assert np.all(-terms["information"] <= np.log(10) + 2 * np.log(2))


@pytest.mark.parametrize("name", ["gan", "wgan", "cgan", "acgan", "infogan"])
def test_an_anomaly_is_what_the_discriminator_takes_for_a_fake(name):
    """With a label only where the discriminator is conditioned on one."""
    model, (given, _) = build(name, **SMALL), batch()
    anomaly = model.signatures()["anomaly"]
    condition = {"label": given["label"]} if name == "cgan" else {}
    assert list(anomaly.inputs) == ["x", *condition]
    scores = model.discriminate(given["image"], **condition)
    score = anomaly.function(x=given["image"], **condition)["score"]
    assert np.array_equal(score, -scores["score" if name == "wgan" else "logits"])
    assert len(np.unique(score)) == 6


def test_a_critic_gives_scores_and_its_estimate():
    model = build("wgan_gp", **SMALL)
    assert [p.name for p in model.players] == ["critic", "generator"]
    given, seed = batch()
    terms = model.discriminator_loss(given, seed)
    np.testing.assert_allclose(terms["wasserstein"].value, -(terms["real"] + terms["fake"]), rtol=1e-5)
    assert set(model.discriminate(given["image"])) == {"score"}


def test_accuracies_are_counted_at_the_decision_threshold():
    for loss, threshold in (("non_saturating", 0.0), ("hinge", 0.0), ("least_squares", 0.5)):
        model = build("gan", loss=loss)
        given, seed = batch()
        right = model.discriminator_loss(given, seed)["real_accuracy"].value
        name = "logits" if adversarial.get(loss).probability else "score"
        assert np.array_equal(right, model.discriminate(given["image"])[name] > threshold)


def test_penalties_may_be_lazy():
    often, seldom = (build("gan", penalty="r1", interval=k).players[0] for k in (1, 4))
    given, seed = batch()
    assert often.lazy is None
    assert "penalty" not in seldom.loss(given, seed)
    assert seldom.interval == 4
    np.testing.assert_allclose(seldom.lazy(given, seed)["penalty"], often.loss(given, seed)["penalty"], rtol=1e-5)


def test_wgan_clips_and_sngan_normalises():
    model = build("wgan", clip=0.01, **SMALL)
    model.players[0].constraint()
    assert max(float(np.abs(v).max()) for v in model.D.trainable_variables) <= 0.01
    layers = list(build("sngan", **SMALL).D._flatten_layers())
    assert sum(isinstance(layer, SpectralNormalised) for layer in layers) == 3


def test_priors():
    z = build("gan", prior="uniform", latent=50).noise(Seed.of(tf.range(200))).numpy()
    assert np.abs(z).max() <= 1
    assert z.var() == pytest.approx(1 / 3, rel=0.05)
    assert build("gan", latent=50).noise(Seed.of(tf.range(200))).numpy().var() == pytest.approx(1, rel=0.05)
    with pytest.raises(UserError, match="no prior 'gaussian'"):
        build("gan", prior="gaussian")


def test_noise_of_scale_zero_changes_no_sample():
    code = tf.zeros((2, 12))
    for scale, same in ((0.0, True), (0.1, False)):
        first, second = build("infogan", noise_scale=scale, latent=3).generated(
            tf.constant([[1.0] * 3, [-1.0] * 3]), code
        )
        assert np.allclose(first, second, atol=1e-6) == same


@pytest.mark.parametrize("loss", adversarial.LOSSES)
def test_any_loss_goes_with_any_penalty_on_any_networks(loss):
    """Once each: the pairs meet through the same two functions."""
    given, seed = batch(4)
    for penalty, networks in zip(PENALTIES, [*NETWORKS, "mlp"], strict=True):
        model = build("gan", loss=loss, penalty=penalty, networks=networks, width=4, hidden=(8,), latent=4)
        terms = model.discriminator_loss(given, seed)
        assert ("penalty" in terms) == (penalty != "none")
        assert all(np.all(np.isfinite(getattr(v, "value", v))) for v in terms.values())
        assert np.all(np.isfinite(model.generator_loss(given, seed)["fake"]))

"""What is particular to each variant."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.core import registry
from zoo.core.columns import Column
from zoo.core.errors import UserError
from zoo.core.features import Spec, image, table, vector
from zoo.core.random import Seed


def build(name, shape=(8, 8, 1), classes=10, **parameters):
    keras.utils.set_random_seed(0)
    return registry.get(name)(Spec.of(image(*shape) if len(shape) == 3 else vector(*shape), classes), **parameters)


def images(count, shape=(8, 8, 1)):
    return tf.random.stateless_uniform((count, *shape), (0, 1), -1, 1)


def test_beta_rises_over_its_warm_up():
    model = build("beta_vae", beta=4.0, beta_warmup=0.25)
    assert model.players[0].warmup == {"kl": 0.25}
    batch, seed = {"image": images(4)}, Seed.of(tf.range(4))
    plain = build("beta_vae", beta=1.0).players[0].loss(batch, seed)["kl"]
    np.testing.assert_allclose(model.players[0].loss(batch, seed)["kl"], 4 * plain, rtol=1e-5)


def test_the_label_changes_the_sample_and_nothing_else_does():
    model = build("conditional_vae", hidden=(16,))
    seeds = tf.zeros(10, tf.int64)
    drawn = model.sample(seeds, tf.range(10, dtype=tf.int64))["x"].numpy()
    again = model.sample(seeds, tf.range(10, dtype=tf.int64))["x"].numpy()
    assert np.array_equal(drawn, again)
    distances = np.abs(drawn[:, None] - drawn[None]).max((2, 3, 4))
    assert distances[~np.eye(10, dtype=bool)].min() > 1e-4


def test_a_conditional_model_needs_labels():
    with pytest.raises(UserError, match="is conditioned on a feature 'label'; this data has image 8x8x1"):
        build("conditional_vae", classes=0)


def test_anomaly_scores_do_not_depend_on_the_batch():
    for name in ("vae", "flow_vae", "vamp_vae", "vq_vae"):
        model, x = build(name), images(6)
        together, alone = model.anomaly(x)["score"].numpy(), model.anomaly(x[4:5])["score"].numpy()
        assert together[4] == pytest.approx(alone[0], rel=1e-4), name


def test_vq_takes_the_nearest_embedding():
    model = build("vq_vae", embeddings=9, dimension=3)
    z = tf.random.stateless_normal((2, model.T, 3), (0, 1))
    e = model.codebook(tf.eye(9)).numpy()
    expected = np.argmin(((z.numpy()[:, :, None] - e) ** 2).sum(-1), axis=-1)
    assert np.array_equal(model.nearest(z), expected)


def test_vq_gradients_pass_the_quantiser_straight_through():
    model = build("vq_vae")
    x = images(3)
    batch = {"image": x}
    weights = [v.value for v in model.encoder.trainable_variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(weights)
        loss = tf.reduce_sum(model.loss(batch, Seed.of(tf.range(3)))["reconstruction"])
    passed = tape.gradient(loss, weights)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        z = model.encoder(x)
        e = model.embed(model.nearest(z))
        tape.watch(e)
        again = tf.reduce_sum(tf.math.squared_difference(x, tf.tanh(model.decoder(e) / 2)))
    at_e = tape.gradient(again, e)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(weights)
        z = model.encoder(x)
    expected = tape.gradient(z, weights, output_gradients=at_e)
    for a, b in zip(passed, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4, rtol=1e-4)


def test_vq_commitment_moves_the_encoder_and_the_codebook_term_the_codebook():
    model = build("vq_vae")
    batch, seed = {"image": images(3)}, Seed.of(tf.range(3))
    for term, moved, still in (
        ("codebook", model.codebook, model.encoder),
        ("commitment", model.encoder, model.codebook),
    ):
        for network, expected in ((moved, True), (still, False)):
            weights = [v.value for v in network.trainable_variables]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(weights)
                loss = tf.reduce_sum(model.loss(batch, seed)[term])
            gradients = [g for g in tape.gradient(loss, weights) if g is not None]
            assert any(np.any(g != 0) for g in gradients) == expected, (term, network.name)


def test_vq_prior_sees_only_what_came_before():
    model = build("vq_vae", shape=(5,), tokens=6, embeddings=7)
    codes = tf.constant([[1, 2, 3, 4, 5, 6]], tf.int64)
    other = tf.constant([[1, 2, 3, 0, 0, 0]], tf.int64)
    a, b = model.next_logits(codes).numpy(), model.next_logits(other).numpy()
    np.testing.assert_allclose(a[:, :4], b[:, :4], atol=1e-5)
    assert np.abs(a[:, 4:] - b[:, 4:]).max() > 1e-3


def test_vq_draws_follow_the_prior():
    """Two codes of three values: shares of the nine pairs against the chain rule."""
    model = build("vq_vae", shape=(5,), tokens=2, embeddings=3)
    drawn = model.sample_codes(Seed.of(tf.range(20_000))).numpy()
    shares = np.bincount(drawn[:, 0] * 3 + drawn[:, 1], minlength=9) / len(drawn)
    pairs = tf.constant([[a, b] for a in range(3) for b in range(3)], tf.int64)
    log_p = tf.nn.log_softmax(model.next_logits(pairs))
    expected = np.exp(tf.reduce_sum(tf.gather(log_p, pairs, batch_dims=2), axis=1))
    assert expected.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(shares, expected, atol=0.015)


@pytest.mark.parametrize("name", [n for n, r in registry.recipes().items() if r.family in ("autoencoder", "vae")])
def test_tables_train_too(name):
    """Users of other zoos ask for tabular data."""
    from zoo.training import strategy
    from zoo.training.trainer import Trainer

    if "table" not in registry.get(name).kinds:
        pytest.skip(f"{name} is for images")
    columns = [
        Column("age", high=90.0),
        Column("city", "category", categories=("Bonn", "Ulm", "Kiel")),
        Column("day", "date"),
    ]
    keras.utils.set_random_seed(0)
    model = registry.get(name)(Spec.of(table([*columns, Column("paid", "flag")]), 10))
    options = registry.get(name).config(batch_size=8, jit="off")
    trainer = Trainer(model, options, strategy.get("one"), total_steps=8)
    batch = {"table": tf.random.stateless_uniform((8, 6), (0, 1), -1, 1), "label": tf.zeros(8, tf.int64)}
    terms = list(trainer.run(iter([batch] * 8), 8))
    assert all(np.isfinite(v) for turn in terms for v in turn.values())
    inputs = {"x": images(2, (6,))}
    if "label" in model.signatures()["reconstruct"].inputs:
        inputs["label"] = tf.zeros(2, tf.int64)
    assert model.reconstruct(**inputs)["x"].shape == (2, 6)

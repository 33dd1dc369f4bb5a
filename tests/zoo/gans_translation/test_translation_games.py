"""The games, with networks whose answers are known, and on two replicas in every phase."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import data
from zoo.core import registry
from zoo.core.errors import UserError
from zoo.core.features import Spec, image, video
from zoo.core.random import Seed
from zoo.gans.cyclegan import CycleGAN
from zoo.gans.games.video import half_resolution, some_frames
from zoo.gans.lapgan import LAPGAN
from zoo.losses.adversarial import least_squares
from zoo.networks.random_features import random_features
from zoo.ops.resize import enlarge, shrink
from zoo.training import strategy
from zoo.training.trainer import Trainer

RNG = np.random.default_rng(0)
SEED = Seed.of(tf.range(4, dtype=tf.int64))
DOMAINS = Spec({"a": image(8, 8, 1), "b": image(8, 8, 1)}, ("a", "b"))


def images(*shape):
    return tf.constant(RNG.uniform(-1, 1, shape).astype(np.float32))


def network(function, shape=(8, 8, 1), name="network"):
    entry = keras.Input(shape)
    return keras.Model(entry, function(entry), name=name)


def a_cyclegan(there, back, score=0.0):
    translators = network(there, name="a_to_b"), network(back, name="b_to_a")
    judges = (network(lambda x: score + 0.0 * x[:, :2, :2, 0], name=f"d{i}") for i in (1, 2))
    return CycleGAN(DOMAINS, translators, tuple(judges), loss=least_squares(), cycle=10.0, identity=5.0, pool=8)


def means(terms):
    return {key: float(tf.reduce_mean(value)) for key, value in terms.items()}


# CycleGAN.


def test_translators_that_are_inverse_have_no_cycle_loss():
    a, b = images(4, 8, 8, 1), images(4, 8, 8, 1)
    terms = means(a_cyclegan(lambda x: -x, lambda x: -x).generators_loss({"a": a, "b": b}, SEED))
    assert terms["cycle"] == 0
    assert terms["identity"] == pytest.approx(5 * 2 * (np.abs(a).mean() + np.abs(b).mean()), rel=1e-5)
    # Least squares: a score of 0 where 1 is wanted costs 1/2.
    assert (terms["a"], terms["b"]) == (0.5, 0.5)


def test_translators_that_are_not_have_λ_times_the_mean_absolute_difference():
    a, b = images(4, 8, 8, 1), images(4, 8, 8, 1)
    terms = means(a_cyclegan(lambda x: x + 0.25, lambda x: x, score=1.0).generators_loss({"a": a, "b": b}, SEED))
    assert terms["cycle"] == pytest.approx(10 * 0.5, rel=1e-5)
    assert terms["identity"] == pytest.approx(5 * 0.25, rel=1e-5)
    assert terms["a"] == 0


def test_discriminators_see_their_own_domain_and_translations_into_it():
    model = a_cyclegan(lambda x: -x, lambda x: 0.5 * x)
    a, b = images(4, 8, 8, 1), images(4, 8, 8, 1)
    model.D_A, model.D_B = (network(lambda x: x[:, :2, :2, 0]) for _ in range(2))
    terms = means(model.discriminators_loss({"a": a, "b": b}, SEED))
    corner = lambda x: x.numpy()[:, :2, :2]  # noqa: E731
    assert terms["real_a"] == pytest.approx(0.5 * np.square(corner(a) - 1).mean(), rel=1e-5)
    assert terms["fake_a"] == pytest.approx(0.5 * np.square(0.5 * corner(b)).mean(), rel=1e-5)
    assert terms["fake_b"] == pytest.approx(0.5 * np.square(corner(a)).mean(), rel=1e-5)
    assert np.array_equal(model.pools[1].images[::2], -a)


def test_one_domain_is_not_enough():
    with pytest.raises(UserError, match=r"cyclegan translates between two domains; this data has image 28x28x1"):
        registry.get("cyclegan")(Spec.of(image(28, 28, 1), 10))


# LAPGAN.


def a_lapgan(shape=(28, 28, 1)):
    return registry.get("lapgan")(Spec.of(image(*shape)), width=4)


@pytest.mark.parametrize("shape", [(28, 28, 1), (25, 30, 3)])
def test_the_levels_of_a_pyramid_are_the_whole_image(shape):
    """Collapsing the pyramid of the data gives the data back: equation 2 undone."""
    model, x = a_lapgan(shape), images(2, *shape)
    pyramid = [model.split(k, x) for k in range(len(model.levels))]
    image = tf.zeros_like(pyramid[-1][1])
    for k in reversed(range(len(model.levels))):
        low, detail = pyramid[k]
        if k < len(model.levels) - 1:
            assert low.numpy() == pytest.approx(enlarge(image, model.levels[k].size).numpy(), abs=1e-6)
        image = low + detail
    assert image.numpy() == pytest.approx(x.numpy(), abs=1e-6)


def test_samples_are_their_coarser_ones_enlarged_and_given_detail():
    model = a_lapgan()
    sample = model.signatures()["sample"]
    served = {k: v.numpy() for k, v in sample.serve({"seed": tf.range(3, dtype=tf.int64)}).items()}
    assert {k: v.shape[1] for k, v in served.items()} == {"images": 28, "coarse_1": 14, "coarse_2": 7}
    low = 2 * enlarge(served["coarse_1"], (28, 28)) - 1
    detail = model.detail(0, low, Seed.of(tf.range(3)).fold(0), training=False)
    assert served["images"] == pytest.approx(np.clip((low + detail + 1) / 2, 0, 1), abs=1e-5)


def test_every_level_plays_on_its_own():
    model = a_lapgan((8, 8, 1))
    assert isinstance(model, LAPGAN)
    owned = [v.path for p in model.players for n in p.networks for v in n.trainable_variables]
    assert len(model.players) == 2 * 2
    assert len({id(v) for p in model.players for n in p.networks for v in n.trainable_variables}) == len(owned)


# SRGAN.


def played(placed):
    """SRGAN on digits in four turns, two of each phase: the model and its terms."""
    digits = data.load("digits")
    with placed.scope():
        keras.utils.set_random_seed(1)
        model = registry.get("srgan")(digits.spec, width=8, blocks=1, scale=2)
        config = registry.get("srgan").config(batch_size=16, jit="off")
        trainer = Trainer(model, config, placed, total_steps=4)
    stream = strategy.iterate(placed, lambda w, n: digits.train.batches(16, seed=0, share=(w, n)))
    return model, list(trainer.run(stream, 4))


@pytest.fixture(scope="module")
def alone():
    return played(strategy.get("one"))


def test_first_the_pixels_then_the_look(alone):
    _, terms = alone
    movers = [{key.partition("/")[0] for key in t} for t in terms]
    assert movers == [{"srresnet"}] * 2 + [{"discriminator", "generator"}] * 2
    assert {"generator/mse", "generator/features", "generator/adversarial"} <= set(terms[3])


def test_both_phases_are_the_same_on_two_replicas(alone, two_replicas):
    finals = [
        np.concatenate([v.numpy().ravel() for n in model.networks for v in n.variables])
        for model, _ in (alone, played(two_replicas))
    ]
    np.testing.assert_allclose(finals[0], finals[1], atol=1e-5)


def test_the_features_are_nobodys_and_stay(alone):
    model, _ = alone
    assert model.features not in model.networks
    fresh = random_features(1).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(fresh, model.features.get_weights(), strict=True))


def test_any_size_is_enlarged():
    model = registry.get("srgan")(Spec.of(image(28, 28, 3)), scale=4, width=4, blocks=1)
    for height, width in ((7, 7), (5, 9)):
        x = (images(2, height, width, 3) + 1) / 2
        expected = enlarge(x, (4 * height, 4 * width)).numpy()
        reply = model.signatures()["upscale"].serve({"images": x})
        assert reply["images"].numpy() == pytest.approx(expected, abs=1e-6)


def test_what_is_enlarged_in_training_is_what_was_made_small():
    """With sides that do not divide too: 25 pixels become 7, 28, and 25 again."""
    model, x = registry.get("srgan")(Spec.of(image(25, 25, 1)), scale=4, width=4, blocks=1), images(2, 25, 25, 1)
    again = model.enlarged(x, training=False)
    assert again.shape == x.shape
    assert again.numpy() == pytest.approx(enlarge(shrink(x, 4), (28, 28)).numpy()[:, :25, :25], abs=1e-5)


# DVD-GAN.


def test_frames_are_drawn_without_replacement_and_evenly():
    videos = (
        tf.tile(tf.range(8.0)[None, :, None, None, None], (500, 1, 2, 2, 1))
        + tf.range(500.0)[:, None, None, None, None] * 10
    )
    label = tf.range(500, dtype=tf.int64)
    frames, labels = some_frames(3)(videos, label, Seed.of(label))
    assert frames.shape == (1500, 2, 2, 1)
    rows, number = np.divmod(frames.numpy()[:, 0, 0, 0], 10)
    assert np.array_equal(rows, np.repeat(np.arange(500), 3))
    assert np.array_equal(labels, rows)
    assert all(len(set(three)) == 3 for three in number.reshape(-1, 3))
    assert np.bincount(number.astype(int)) == pytest.approx(1500 / 8, rel=0.2)


VIDEO = Spec.of(video(4, 8, 8, 1), 3)


@pytest.mark.parametrize("shape", [(4, 8, 8, 1), (3, 9, 13, 2)])
def test_the_discriminator_of_motion_takes_what_half_the_resolution_leaves(shape):
    label = tf.zeros(2, tf.int64)
    view = half_resolution(images(2, *shape), label, None)
    D, _ = registry.get("dvdgan")(Spec.of(video(*shape), 3), width=4).discriminators["motion"]
    assert D.input_shape[0][1:] == view[0].shape[1:]
    assert D(view).shape == (2,)


def test_the_class_and_the_seed_make_the_video():
    model = registry.get("dvdgan")(VIDEO, width=4)
    seed, label = tf.constant([1, 1, 2], tf.int64), tf.constant([0, 1, 0], tf.int64)
    videos = model.sample(seed, label)["x"].numpy()
    assert videos.shape == (3, 4, 8, 8, 1)
    assert min(np.abs(videos[0] - videos[1]).max(), np.abs(videos[0] - videos[2]).max()) > 1e-3
    assert np.abs(np.diff(videos, axis=1)).max() > 1e-4


def test_a_video_is_scored_over_all_its_frames():
    model = registry.get("dvdgan")(VIDEO, width=4)
    videos, label = (images(2, 4, 8, 8, 1) + 1) / 2, tf.constant([0, 2], tf.int64)
    score = model.signatures()["discriminate_frames"].serve({"videos": videos, "label": label})["score"]
    D, _ = model.discriminators["frames"]
    frames = [D([2 * videos[:, t] - 1, label]).numpy() for t in range(4)]
    assert score.numpy() == pytest.approx(np.mean(frames, axis=0), abs=1e-5)


@pytest.mark.parametrize(("left_out", "left"), [("spatial", "motion"), ("temporal", "frames")])
def test_a_discriminator_may_be_left_out(left_out, left):
    model = registry.get("dvdgan")(VIDEO, width=4, **{left_out: False})
    assert set(model.signatures()) == {"sample", f"discriminate_{left}"}
    terms = model.generator_loss({"video": images(4, 4, 8, 8, 1), "label": tf.zeros(4, tf.int64)}, SEED)
    assert set(terms) == {left}

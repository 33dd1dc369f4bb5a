"""Networks that adversaries are made of."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.features import image, vector
from zoo.core.random import Seed
from zoo.networks.adversaries import NETWORKS, adversaries
from zoo.networks.norms import NORMS
from zoo.networks.spectral import SpectralNormalised, advance
from zoo.ops.augment import CHANGES, augmentation


def spectral(layer, shape):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape), SpectralNormalised(layer)])


LAYERS = {
    "dense": (lambda: keras.layers.Dense(7, use_bias=False), (5,)),
    "convolution": (lambda: keras.layers.Conv2D(6, 3, use_bias=False), (5, 5, 2)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_the_spectral_norm_is_numpys(kind):
    """Of what the kernel is used as: W over its largest singular value."""
    make, shape = LAYERS[kind]
    network = spectral(make(), shape)
    for _ in range(100):
        advance(network)
    W = network.layers[0].layer.kernel.numpy()
    sigma = np.linalg.svd(W.reshape(-1, W.shape[-1]), compute_uv=False)[0]
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    plain = keras.Sequential([keras.Input(shape), make()])
    plain.layers[0].kernel.assign(W / sigma)
    np.testing.assert_allclose(network(x), plain(x), rtol=1e-3, atol=1e-5)


def test_a_call_changes_nothing_and_is_the_same_in_training():
    network = spectral(keras.layers.Dense(7), (5,))
    x = tf.ones((2, 5))
    before = [v.numpy() for v in network.variables]
    assert np.array_equal(network(x, training=True), network(x, training=False))
    assert all(np.array_equal(a, b) for a, b in zip(before, network.variables, strict=True))


def test_the_gradient_takes_the_norm_into_account():
    """W / σ(W) does not change with the length of W, so neither does a loss: no gradient along W."""
    network = spectral(keras.layers.Dense(4, use_bias=False), (5,))
    for _ in range(100):
        advance(network)
    kernel = network.layers[0].layer.kernel.value
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(kernel)
        loss = tf.reduce_sum(network(tf.constant([[1.0, -2.0, 0.5, 3.0, 1.0]])) ** 2)
    gradient = tape.gradient(loss, kernel)
    assert float(tf.norm(gradient)) > 0.1
    assert float(tf.reduce_sum(gradient * kernel)) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("networks", ["mlp", "dcgan", "resnet", "subpixel"])
@pytest.mark.parametrize("norm", NORMS)
def test_adversaries_fit_the_data_and_each_other(networks, norm):
    shape = (9, 13, 3)
    G, D = adversaries(networks, 5, shape, condition=4, outputs=(2,), hidden=(8,), width=4, norm=norm)
    assert G.input_shape == (None, 5)
    assert G.output_shape == (None, *shape)
    assert D.input_shape == (None, 9, 13, 7)
    assert D.output_shape == (None, 2)
    layers = list(D._flatten_layers())
    assert any(isinstance(layer, SpectralNormalised) for layer in layers) == (norm == "spectral")
    normalised = any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)
    assert normalised == (norm == "batch" and networks == "resnet")  # one halving: DCGAN's first layer has none


@pytest.mark.parametrize("networks", ["patch", "unet"])
@pytest.mark.parametrize("norm", NORMS)
def test_discriminators_of_places_have_the_norm_that_is_given(networks, norm):
    _, D = adversaries(networks, 5, (9, 13, 3), width=4, norm=norm)
    kinds = [type(layer) for layer in D.layers]
    assert (keras.layers.BatchNormalization in kinds) == (norm == "batch")
    assert (SpectralNormalised in kinds) == (norm == "spectral")
    assert (keras.layers.Conv2D in kinds) == (norm != "spectral")
    assert keras.layers.GroupNormalization not in kinds


@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (25, 13, 3)])
def test_adversaries_are_of_any_size(networks, shape):
    G, D = adversaries(networks, 5, shape, hidden=(8,), width=4, norm="none")
    drawn = G(tf.random.stateless_normal((3, 5), (0, 1)))
    assert drawn.shape == (3, *shape)
    assert np.abs(drawn).max() <= 1
    judged = {"patch": (3, -(-shape[0] // 4), -(-shape[1] // 4)), "unet": (3, *shape[:2])}
    assert D(drawn).shape == judged.get(networks, (3,))


def test_discriminators_of_places_have_no_further_outputs():
    with pytest.raises(UserError, match="networks=unet has no further outputs, which this model needs"):
        adversaries("unet", 5, (8, 8, 1), outputs=(11,))


def test_unknown_networks_and_norms_are_named():
    with pytest.raises(UserError, match=r"no kind of networks 'dcgans'\. Did you mean 'dcgan'"):
        adversaries("dcgans", 5, (8, 8, 1))
    with pytest.raises(UserError, match="no norm 'layer'"):
        adversaries("mlp", 5, (8, 8, 1), norm="layer")


def images(count, shape=(12, 10, 3)):
    return tf.random.stateless_uniform((count, *shape), (0, 1), -1, 1)


@pytest.mark.parametrize("name", CHANGES)
def test_a_row_is_changed_by_its_own_noise(name):
    x, rows = images(6), tf.range(6)
    together = CHANGES[name](x, Seed.of(rows))
    alone = CHANGES[name](x[4:5], Seed.of(rows[4:5]))
    np.testing.assert_allclose(together[4:5], alone, atol=1e-5)
    same = CHANGES[name](tf.repeat(x[:1], 6, axis=0), Seed.of(rows)).numpy()
    assert np.abs(same[1:] - same[:1]).max() > 0.1


def test_translation_moves_whole_pixels_and_brings_zeros():
    x = images(40, (16, 8, 1))
    moved = CHANGES["translation"](x, Seed.of(tf.range(40))).numpy()
    seen = set()
    for before, after in zip(x.numpy(), moved, strict=True):
        padded = np.pad(before, ((2, 2), (1, 1), (0, 0)))
        fits = [
            (r, c) for r in range(5) for c in range(3) if np.allclose(padded[r : r + 16, c : c + 8], after, atol=1e-5)
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) > 8


def test_cutout_hides_a_quarter_at_most():
    hidden = np.mean(CHANGES["cutout"](tf.ones((50, 16, 16, 1)), Seed.of(tf.range(50))).numpy() == 0, axis=(1, 2, 3))
    assert 0.05 < hidden.min() < hidden.max() <= 0.25


def test_colour_leaves_places_alone():
    """What it makes of an image is the same affine function of each grey value."""
    x = images(4, (9, 9, 1))
    for before, after in zip(x.numpy(), CHANGES["colour"](x, Seed.of(tf.range(4))).numpy(), strict=True):
        slope, offset = np.polyfit(before.ravel(), after.ravel(), 1)
        np.testing.assert_allclose(after, slope * before + offset, atol=1e-4)
        assert 0.49 < slope < 1.51


def test_augmentation_is_for_images():
    with pytest.raises(UserError, match="is for images"):
        augmentation(("cutout",), vector(5))
    with pytest.raises(UserError, match="no augmentation 'cut'"):
        augmentation(("cut",), image(8, 8, 1))
    x = images(2)
    assert augmentation((), image(12, 10, 3))(x, Seed.of(tf.range(2))) is x

"""The user's own networks in the place of a recipe's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from smaller import smaller

from zoo.core import registry
from zoo.core.errors import UserError
from zoo.core.features import Spec, image
from zoo.core.random import Seed
from zoo.training import strategy
from zoo.training.trainer import Trainer

IMAGES = Spec.of(image(8, 8, 1), 10)
DOMAINS = Spec({"a": image(8, 8, 1), "b": image(8, 8, 1)}, ("a", "b"))
TAKING = [name for name, recipe in registry.recipes().items() if recipe.takes_networks]


def network(inputs, outputs, name="mine"):
    """A linear one between shapes of numbers."""
    x = entry = keras.Input(inputs)
    x = layers.Dense(int(np.prod(outputs)))(layers.Flatten()(x))
    return keras.Model(entry, layers.Reshape(outputs)(x), name=name)


def batch(spec, count=4):
    x = {name: tf.random.stateless_uniform((count, 8, 8, 1), (0, i), -1, 1) for i, name in enumerate(spec.targets)}
    return {**x, "label": tf.range(count, dtype=tf.int64)}


def trained(name, own, **parameters):
    """The model after two steps."""
    model = registry.get(name)(IMAGES, own, **parameters)
    trainer = Trainer(model, registry.get(name).config(batch_size=4, jit="off"), strategy.get("one"), total_steps=2)
    list(trainer.run(iter([batch(IMAGES)] * 2 * trainer.batches_per_step), 2))
    return model


def test_an_encoder_of_ones_own_in_a_vae():
    encoder = network((8, 8, 1), (6,))  # the mean and the log-variance of 3 numbers
    before = encoder.get_weights()
    model = trained("vae", {"encoder": encoder}, latent=3, hidden=(8,))
    assert model.encoder is encoder
    assert encoder in model.networks
    assert any(np.any(a != b) for a, b in zip(before, encoder.get_weights(), strict=True))
    codes = model.signatures()["encode"].serve({"images": tf.zeros((2, 8, 8, 1))})
    np.testing.assert_allclose(codes["mean"], encoder(-tf.ones((2, 8, 8, 1)))[:, :3], rtol=1e-5)
    assert model.decoder.input_shape == (None, 3)


def test_a_generator_of_ones_own_in_a_dcgan():
    generator = keras.Sequential([keras.Input((5,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))])
    before = generator.get_weights()
    model = trained("dcgan", {"generator": generator}, latent=5, width=4)
    assert model.G is generator
    assert model.averaged == [generator]
    assert any(np.any(a != b) for a, b in zip(before, generator.get_weights(), strict=True))
    z = tf.random.stateless_normal((3, 5), (0, 1))
    np.testing.assert_allclose(model.generate(z)["x"], generator(z), rtol=1e-5)


@pytest.mark.parametrize("logits", [(), (1,), (2, 2)])
def test_a_discriminators_logits_are_one_or_one_for_each_patch(logits):
    discriminator = network((8, 8, 1), logits)
    model = trained("gan", {"discriminator": discriminator}, hidden=(8,))
    assert model.D is discriminator
    assert model.discriminate(batch(IMAGES)["image"])["logits"].shape == (4,)


class Subclassed(keras.Model):
    """Its shapes are known when it is called."""

    def __init__(self, size):
        super().__init__(name="subclassed")
        self.inner = layers.Dense(size)
        self.flat = layers.Flatten()

    def call(self, x):
        """Flat and dense."""
        return self.inner(self.flat(x))


@pytest.mark.parametrize(
    "encoder",
    [Subclassed(7), keras.Sequential([layers.Flatten(), layers.Dense(7)])],
    ids=["subclassed", "unbuilt"],
)
def test_any_kind_of_keras_model(encoder):
    model = trained("undercomplete", {"encoder": encoder}, code=7, hidden=(8,))
    assert model.code == 7
    assert {id(v) for v in encoder.trainable_variables} == {id(v) for v in model.encoder.trainable_variables}


@pytest.mark.parametrize(
    ("name", "own", "parameters", "said"),
    [
        (
            "vae",
            {"encoder": network((8, 8, 1), (10,))},
            {"latent": 3},
            r"The encoder 'mine' takes examples of shape \(8, 8, 1\) and gives \(10,\)\. This model needs one that "
            r"takes \(8, 8, 1\) and gives \(6,\)",
        ),
        (
            "vae",
            {"decoder": network((4,), (8, 8, 1))},
            {"latent": 3},
            r"shape \(4,\) and .* needs one that takes \(3,\)",
        ),
        ("cgan", {"generator": network((5,), (8, 8, 1))}, {"latent": 5}, r"needs one that takes \(15,\) and gives \(8"),
        ("acgan", {"discriminator": network((8, 8, 1), ())}, {}, r"takes \(8, 8, 1\) and gives \(11,\)"),
        ("gan", {"discriminator": network((8, 8, 1), (2,))}, {}, r"gives \(\) or \(1,\) or \(None, None\)"),
        ("vae", {"encode": network((8, 8, 1), (6,))}, {}, r"There is no network 'encode'\. Did you mean 'encoder'"),
        ("vae", {"encoder": 3}, {}, "The encoder must be a keras.Model; received int"),
        (
            "stacked",
            {"encoder": network((8, 8, 1), (6,))},
            {},
            "stacked takes no networks of your own. These do: .*vae",
        ),
    ],
)
def test_networks_that_do_not_fit_are_refused(name, own, parameters, said):
    with pytest.raises(UserError, match=said):
        registry.get(name)(IMAGES, own, **parameters)


def test_a_network_of_two_inputs_is_refused():
    a, b = keras.Input((8, 8, 1)), keras.Input((3,))
    two = keras.Model([a, b], layers.Dense(6)(layers.Concatenate()([layers.Flatten()(a), b])))
    with pytest.raises(UserError, match=r"takes examples of shape \(8, 8, 1\), \(3,\) and gives \(6,\)"):
        registry.get("vae")(IMAGES, {"encoder": two}, latent=3)


@pytest.mark.parametrize("name", TAKING)
def test_every_recipe_that_takes_networks_uses_them(name):
    recipe = registry.get(name)
    spec = DOMAINS if recipe.targets == 2 else IMAGES
    keras.utils.set_random_seed(0)
    plain = recipe(spec, **smaller(recipe))
    attributes = {"encoder": "encoder", "decoder": "decoder", "generator": "G", "discriminator": "D"}
    if recipe.targets == 2:
        attributes = {"a_to_b": "G", "b_to_a": "F", "discriminator_a": "D_A", "discriminator_b": "D_B"}
    places = {place: getattr(plain, a) for place, a in attributes.items() if hasattr(plain, a)}
    own = {
        place: keras.models.clone_model(old) if name == "srgan" else network(old.input_shape[1:], old.output_shape[1:])
        for place, old in places.items()
    }
    model = recipe(spec, own, **smaller(recipe))
    assert own
    for place, mine in own.items():
        assert getattr(model, attributes[place]) is mine
        assert any(mine is n for n in model.networks)
    for player in model.players:
        assert player.loss(batch(spec), Seed.of(tf.range(4)))

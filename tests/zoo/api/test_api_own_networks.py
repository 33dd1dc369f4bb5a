"""Networks of the user's own: trained as copies, kept with the run, restored, continued and exported without them."""

import keras
import numpy as np
import pytest

import zoo
from zoo.core.errors import UserError


@keras.saving.register_keras_serializable("tests")
class Doubled(keras.layers.Layer):
    """A layer of a user's."""

    def call(self, x):
        return 2.0 * x


def encoder(activation="relu", units=4, layer=Doubled):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), layer(), keras.layers.Dense(6, activation=activation),
         keras.layers.Dense(units)]
    )  # fmt: skip


def test_a_run_with_an_encoder_is_trained_continued_restored_and_exported(digits, tmp_path, tiny):
    mine = encoder()
    before = [w.numpy() for w in mine.weights]
    options = {**tiny, "out": tmp_path / "run"}
    run = zoo.train("vae", digits[0], **options, encoder=mine)
    assert [w.shape for w in run.networks["encoder"].weights] == [w.shape for w in mine.weights]
    assert all(np.array_equal(w.numpy(), b) for w, b in zip(mine.weights, before, strict=True)), "a copy is trained"
    assert not np.array_equal(run.networks["encoder"].weights[0], before[0])
    samples = run.sample(3)
    np.testing.assert_array_equal(zoo.load(tmp_path / "run").sample(3), samples)
    exported = zoo.load(run.export(tmp_path / "models"))
    np.testing.assert_allclose(exported.encode(digits[0][:5]), run.encode(digits[0][:5]), atol=1e-5)
    with pytest.raises(UserError, match=r"holds a run with other networks \(encoder\)"):
        zoo.train("vae", digits[0], **{**options, "epochs": 2}, encoder=encoder("tanh"))
    longer = zoo.train("vae", digits[0], **{**options, "epochs": 2}, encoder=encoder())
    assert len(longer.log["epoch"]) == 2


def test_weights_that_a_network_brings_are_where_training_starts(digits, tiny):
    mine = encoder()
    mine.set_weights([np.zeros_like(w) for w in mine.get_weights()])
    run = zoo.train("vae", digits[0][:200], **tiny, learning_rate=1e-12, encoder=mine)
    np.testing.assert_allclose(run.networks["encoder"].weights[0], 0.0, atol=1e-9)


class Unknown(Doubled):
    """A layer that Keras cannot find by its name."""


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ({"encoder": encoder(units=5)}, r"The encoder .* gives \(5,\)\. This model needs one that.*gives \(4,\)"),
        ({"encodr": encoder()}, "Did you mean 'encoder'"),
        ({"encoder": keras.Sequential([keras.layers.Flatten()])}, r"encoder is not built yet.*keras\.Input"),
        ({"encoder": encoder(layer=lambda: keras.layers.Lambda(lambda x: x))}, "cannot read encoder again.*no Lambda"),
        ({"encoder": encoder(layer=Unknown)}, "cannot read encoder again.*register_keras_serializable"),
    ],
)
def test_networks_that_do_not_fit(digits, networks, message, tmp_path, tiny):
    with pytest.raises(UserError, match=message):
        zoo.train("vae", digits[0], **tiny, **networks, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_recipe_without_a_place_for_it(digits):
    with pytest.raises(UserError, match=r"lapgan takes no networks of your own\. These do: "):
        zoo.train("lapgan", digits[0], encoder=encoder())

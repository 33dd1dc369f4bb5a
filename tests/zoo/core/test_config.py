"""Options: typed, frozen, the same from JSON and back, with errors that say what would be right."""

import inspect

import pytest

from zoo.core import registry
from zoo.core.config import ReadConfig, RunConfig, TrainConfig
from zoo.core.errors import UserError
from zoo.core.features import Spec, image
from zoo.data import load


def test_json_round_trip():
    config = RunConfig(
        "vae",
        "digits",
        (16, 16),
        3,
        {"hidden": (8, 4), "beta": 2.0},
        TrainConfig(ema=0.9, updates={"critic": 5}),
        ReadConfig("series", (0.0, 4095.0), "black", skip_broken=True),
    )
    assert RunConfig.from_json(config.to_json()) == config
    plain = RunConfig("vae", "digits")
    assert RunConfig.from_json(plain.to_json()) == plain


def test_how_data_is_read_are_arguments_of_load():
    config = RunConfig("vae", "a.npz", (8, 8), 1, read=ReadConfig("image", (0, 255)))
    assert inspect.signature(load).bind("a.npz", **config.loading)
    assert config.loading["range"] == (0, 255)
    assert config.differences(RunConfig("vae", "a.npz", (8, 8), 1)) == ["kind: image, None", "range: (0, 255), None"]


def test_differences_name_what_differs():
    a = RunConfig("vae", "digits", parameters={"latent": 2})
    b = RunConfig("vae", "digits", parameters={"latent": 3}, training=TrainConfig(epochs=4))
    assert a.differences(b) == ["epochs: 20, 4", "latent: 2, 3"]
    assert a.differences(a) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "--epochs must be above 0; received 0"),
        ({"learning_rate": -1.0}, "--learning-rate must be above 0"),
        ({"strategy": "tpu"}, "--strategy is one of auto, one, mirrored, multiworker; received 'tpu'"),
        ({"precision": "half"}, "--precision is one of float32"),
        ({"schedule": "step"}, "--schedule is one of"),
        ({"jit": "yes"}, "--jit is one of"),
        ({"ema": 1.5}, "--ema is a decay between 0 and 1"),
        ({"clip_norm": 0.0}, "--clip-norm must be above 0"),
        ({"updates": {"critic": 0}}, "critic must be above 0"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        TrainConfig(**options)


def test_parameters_are_typed_by_the_recipe():
    parsed = registry.get("vae").parse(["latent=8", "hidden=32,16", "beta=4"])
    assert parsed == {"latent": 8, "hidden": (32, 16), "beta": 4.0}
    assert isinstance(parsed["beta"], float)


def test_an_unknown_key_answers_with_the_known_ones_and_their_defaults():
    with pytest.raises(
        UserError, match=r"vae has no parameter 'latnet'\. It has .*latent=16, hidden=512,256, beta=1\.0"
    ):
        registry.get("vae").parse(["latnet=8"])
    with pytest.raises(UserError, match="has no parameter"):
        registry.get("vae")(Spec.of(image(8, 8, 1)), latnet=8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latent", "written key=value; received 'latent'"),
        ("latent=big", "latent='big' is not of the right type: int, as in latent=16"),
        ("hidden=3,x", "numbers separated by commas, as in hidden=512,256"),
    ],
)
def test_badly_written_parameters(text, message):
    with pytest.raises(UserError, match=message):
        registry.get("vae").parse([text])


def test_an_unknown_model_answers_with_the_nearest():
    with pytest.raises(UserError, match=r"no model 'dcgam'\. Did you mean 'dcgan'\? Known: .*vae"):
        registry.get("dcgam")


def test_every_recipe_says_what_it_is_and_where_it_comes_from():
    for made in registry.recipes().values():
        assert made.summary.endswith("."), made.name
        assert made.reference, made.name
        assert made.config(epochs=3).epochs == 3
        assert made.config(epochs=None) == made.config()

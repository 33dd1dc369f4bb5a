"""Measures of models whose answers are known without training."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_translation_games import a_cyclegan

from zoo import data
from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.errors import UserError
from zoo.evaluation import measures
from zoo.evaluation.metrics.image_quality import psnr
from zoo.evaluation.models import TrainedModel


def trained(model, name, set_, **parameters):
    return TrainedModel(model, RunConfig(name, set_, parameters=parameters), data.load(set_), Path())


def test_the_map_itself_translates_without_error():
    perfect = trained(a_cyclegan(lambda x: -x, lambda x: -x), "cyclegan", "domains:digits+inverse")
    assert measures.get("translation_error")(perfect) == pytest.approx(0, abs=1e-6)
    assert measures.get("cycle_error")(perfect) == pytest.approx(0, abs=1e-6)


def test_doing_nothing_is_the_baseline_and_comes_back():
    idle = trained(a_cyclegan(lambda x: x, lambda x: x), "cyclegan", "domains:digits+inverse")
    found = measures.get("translation_error")(idle)
    assert found == pytest.approx(measures.baselines("translation_error")["untranslated"](idle))
    assert found == pytest.approx(np.abs(idle.real).mean(), rel=1e-5)  # of values in [0, 1]: |x - (1 - x)|
    assert measures.get("cycle_error")(idle) == pytest.approx(0, abs=1e-6)


def test_domains_without_a_known_map_cannot_be_measured():
    blind = trained(a_cyclegan(lambda x: x, lambda x: x), "cyclegan", "domains:digits+mnist-5k")
    with pytest.raises(UserError, match=r"domains:digits\+mnist-5k has no pairs .* domains:mnist-5k\+edges"):
        measures.get("translation_error")(blind)


def test_super_resolution_is_compared_with_bicubic_interpolation():
    """Untrained it interpolates bilinearly, which bicubic interpolation beats."""
    digits = data.load("digits")
    model = registry.get("srgan")(digits.spec, scale=2, width=4, blocks=1)
    untrained = trained(model, "srgan", "digits", scale=2)
    x = digits.test.arrays()["image"]
    small = x.reshape(len(x), 4, 2, 4, 2, 1).mean((2, 4))
    again = tf.image.resize(small, (8, 8), "bilinear").numpy()
    assert measures.get("upscaling_psnr")(untrained) == pytest.approx(psnr(x, again).mean(), rel=1e-4)
    for name, better in (
        ("upscaling_psnr", np.greater),
        ("upscaling_ssim", np.greater),
        ("upscaling_perceptual", np.less),
    ):
        assert better(measures.baselines(name)["bicubic"](untrained), measures.get(name)(untrained)), name


def test_a_pyramid_without_detail_is_as_good_as_enlarging():
    keras.utils.set_random_seed(0)
    digits = data.load("mnist-5k")
    model = registry.get("lapgan")(digits.spec, width=4)
    for level in model.levels[:-1]:
        for variable in level.G.trainable_variables:
            variable.assign(0.0 * variable)
    assert measures.get("refinement")(trained(model, "lapgan", "mnist-5k")) == pytest.approx(1, abs=0.02)


def test_videos_are_measured_in_space_and_in_time():
    model = registry.get("dvdgan")(data.load("moving-digits").spec, width=2)
    untrained = trained(model, "dvdgan", "moving-digits")
    assert measures.get("frame_distance")(untrained) > 5
    assert measures.get("motion_distance")(untrained) > 5

"""Measures of models that turn images into images, refine images, or generate videos."""

from itertools import pairwise

import numpy as np
import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.features import to_unit
from zoo.data.sources.domains import Domains
from zoo.evaluation import evaluators
from zoo.evaluation.measures import baseline, measure
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zoo.evaluation.metrics.image_quality import psnr, ssim
from zoo.evaluation.metrics.video import VideoDistances, video_distances
from zoo.evaluation.models import TrainedModel
from zoo.losses.perceptual import perceptual_distance
from zoo.networks.random_features import random_features
from zoo.ops.resize import enlarge, shrink

_SEED = 1
"""Of the random features that measure; those that SRGAN is trained with have seed 0."""


# Super-resolution: test images (N, H, W, C) in [-1, 1], made small and enlarged again.


def _upscaled(t: TrainedModel) -> np.ndarray:
    small = shrink(tf.constant(t.real), t.parameters["scale"])
    return _cropped(t, t.call("upscale", x=small.numpy())["x"])


def _bicubic(t: TrainedModel) -> np.ndarray:
    scale, small = t.parameters["scale"], shrink(tf.constant(t.real), t.parameters["scale"])
    size = [scale * side for side in small.shape[1:3]]
    return _cropped(t, np.clip(tf.image.resize(small, size, "bicubic").numpy(), -1.0, 1.0))


def _cropped(t: TrainedModel, images: np.ndarray) -> np.ndarray:
    height, width, _ = t.spec.shape
    return images[:, :height, :width]


def _perceptual(t: TrainedModel, again: np.ndarray) -> float:
    features = random_features(again.shape[-1], depth=4, seed=_SEED)
    return float(np.mean(perceptual_distance(features, tf.constant(t.real), tf.constant(again))))


@measure
def upscaling_psnr(t: TrainedModel) -> float:
    """Mean PSNR in dB of test images that were made small and enlarged again."""
    return float(psnr(t.real, _upscaled(t)).mean())


@measure
def upscaling_ssim(t: TrainedModel) -> float:
    """Mean structural similarity of the same."""
    return float(ssim(t.real, _upscaled(t)).mean())


@measure
def upscaling_perceptual(t: TrainedModel) -> float:
    """Perceptual distance of the same, in random features that no model was trained with."""
    return _perceptual(t, _upscaled(t))


@baseline("upscaling_psnr", "bicubic")
def _bicubic_psnr(t: TrainedModel) -> float:
    return float(psnr(t.real, _bicubic(t)).mean())


@baseline("upscaling_ssim", "bicubic")
def _bicubic_ssim(t: TrainedModel) -> float:
    return float(ssim(t.real, _bicubic(t)).mean())


@baseline("upscaling_perceptual", "bicubic")
def _bicubic_perceptual(t: TrainedModel) -> float:
    return _perceptual(t, _bicubic(t))


# Translation: mean absolute errors of values in [0, 1], the mean of both directions.


def _pairs(t: TrainedModel) -> tuple[np.ndarray, np.ndarray]:
    """The test split's pairs of the two domains, in [-1, 1]."""
    test = t.data.test
    if not isinstance(test, Domains) or not test.paired:
        raise UserError(
            f"{t.data.name} has no pairs to test a translation with. Choose two domains with a known map between "
            "them, as in --data domains:mnist-5k+edges."
        )
    arrays = test.arrays()
    return arrays["a"], arrays["b"]


def _difference(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.abs(to_unit(x) - to_unit(y)).mean())


@measure
def translation_error(t: TrainedModel) -> float:
    """Mean absolute difference of translated test images to the other domain's, under a known map."""
    a, b = _pairs(t)
    to_b, to_a = (t.call(key, x=x)["x"] for key, x in (("a_to_b", a), ("b_to_a", b)))
    return (_difference(to_b, b) + _difference(to_a, a)) / 2


@baseline("translation_error", "untranslated")
def _untranslated(t: TrainedModel) -> float:
    return _difference(*_pairs(t))


@measure
def cycle_error(t: TrainedModel) -> float:
    """Mean absolute difference of test images to themselves after a translation there and back."""
    a, b = _pairs(t)
    errors = []
    for x, there, back in ((a, "a_to_b", "b_to_a"), (b, "b_to_a", "a_to_b")):
        errors.append(_difference(t.call(back, x=t.call(there, x=x)["x"])["x"], x))
    return float(np.mean(errors))


# Pyramids and videos.


@measure
def refinement(t: TrainedModel) -> float:
    """The Fréchet distance of each level's samples over that of the coarser level's, enlarged: the worst level's."""
    x = tf.constant(t.real)
    levels = list(t.call("sample", seed=np.arange(len(x))).values())
    ratios = []
    for level, coarser in pairwise(levels):
        without = enlarge(tf.constant(coarser), level.shape[1:3]).numpy()
        ratios.append(_frechet(t, x.numpy(), level) / _frechet(t, x.numpy(), without))
        x = shrink(x, 2)
    return max(ratios)


def _frechet(t: TrainedModel, real: np.ndarray, fake: np.ndarray) -> float:
    features = evaluators.for_data(t.data.name).features
    return frechet_distance(*(FeatureMoments().add(features(x)) for x in (real, fake)))


@measure
def frame_distance(t: TrainedModel) -> float:
    """Fréchet distance between single frames of sampled and of test videos."""
    return _videos(t).frames.value


@measure
def motion_distance(t: TrainedModel) -> float:
    """Fréchet distance between the changes from frame to frame in sampled and in test videos."""
    return _videos(t).motion.value


def _videos(t: TrainedModel) -> VideoDistances:
    features = evaluators.for_data(t.data.name).features
    return video_distances(t.real, t.samples(len(t.real)), features, seed=t.seed)

"""Measures of models that turn images into images, refine them, or draw videos."""

from itertools import pairwise

import numpy as np
import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.model import from_wire, to_wire
from zoo.data.sources.domains import Domains
from zoo.evaluation import evaluators
from zoo.evaluation.measures import Trained, baseline, measure
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zoo.evaluation.metrics.image_quality import psnr, ssim
from zoo.evaluation.metrics.video import VideoDistances, video_distances
from zoo.losses.perceptual import perceptual_distance
from zoo.networks.random_features import random_features
from zoo.ops.resize import enlarge, shrink

_JUDGE = 1
"""The seed of the features that judge: other ones than SRGAN learns by, whose seed is 0."""


# Super-resolution: test images (N, H, W, C) in [-1, 1], made small and enlarged again.


def _upscaled(trained: Trained) -> np.ndarray:
    small = shrink(tf.constant(trained.test[0]), trained.parameters["scale"])
    return _cropped(trained, from_wire(trained.ask("upscale", images=to_wire(small).numpy())["images"]))


def _bicubic(trained: Trained) -> np.ndarray:
    scale, small = trained.parameters["scale"], shrink(tf.constant(trained.test[0]), trained.parameters["scale"])
    size = [scale * side for side in small.shape[1:3]]
    return _cropped(trained, np.clip(tf.image.resize(small, size, "bicubic").numpy(), -1.0, 1.0))


def _cropped(trained: Trained, images: np.ndarray) -> np.ndarray:
    height, width, _ = trained.data.spec.shape
    return images[:, :height, :width]


def _looks(trained: Trained, again: np.ndarray) -> float:
    features = random_features(again.shape[-1], depth=4, seed=_JUDGE)
    return float(np.mean(perceptual_distance(features, tf.constant(trained.test[0]), tf.constant(again))))


@measure
def upscaling_psnr(trained: Trained) -> float:
    """PSNR in dB of test images that were made small and enlarged again, on the mean."""
    return float(psnr(trained.test[0], _upscaled(trained)).mean())


@measure
def upscaling_ssim(trained: Trained) -> float:
    """Structural similarity of the same."""
    return float(ssim(trained.test[0], _upscaled(trained)).mean())


@measure
def upscaling_perceptual(trained: Trained) -> float:
    """Perceptual distance of the same, by random features that no model has seen."""
    return _looks(trained, _upscaled(trained))


@baseline("upscaling_psnr", "bicubic")
def _bicubic_psnr(trained: Trained) -> float:
    return float(psnr(trained.test[0], _bicubic(trained)).mean())


@baseline("upscaling_ssim", "bicubic")
def _bicubic_ssim(trained: Trained) -> float:
    return float(ssim(trained.test[0], _bicubic(trained)).mean())


@baseline("upscaling_perceptual", "bicubic")
def _bicubic_perceptual(trained: Trained) -> float:
    return _looks(trained, _bicubic(trained))


# Translation: mean absolute errors of pixels in [0, 1], the mean of both directions.


def _pairs(trained: Trained) -> tuple[np.ndarray, np.ndarray]:
    """The test split's pairs of the two domains, in [0, 1]."""
    test = trained.data.test
    if not isinstance(test, Domains) or not test.paired:
        raise UserError(
            f"{trained.data.name} has no pairs to test a translation with. Take two domains with a known map between "
            "them, as in --data domains:mnist-5k+edges."
        )
    return to_wire(test.first.arrays()[0]), to_wire(test.second.arrays()[0])


@measure
def translation_error(trained: Trained) -> float:
    """How far translated test images are from the other domain's, under a known map."""
    a, b = _pairs(trained)
    there, here = (trained.ask(key, images=x)["images"] for key, x in (("a_to_b", a), ("b_to_a", b)))
    return float(np.abs(there - b).mean() + np.abs(here - a).mean()) / 2


@baseline("translation_error", "untranslated")
def _untranslated(trained: Trained) -> float:
    a, b = _pairs(trained)
    return float(np.abs(a - b).mean())


@measure
def cycle_error(trained: Trained) -> float:
    """How far test images are from themselves after a translation and back."""
    a, b = _pairs(trained)
    errors = []
    for x, way in ((a, ("a_to_b", "b_to_a")), (b, ("b_to_a", "a_to_b"))):
        there = trained.ask(way[0], images=x)["images"]
        errors.append(np.abs(trained.ask(way[1], images=there)["images"] - x).mean())
    return float(np.mean(errors))


# Pyramids and videos.


@measure
def refinement(trained: Trained) -> float:
    """The Fréchet distance of each level's samples over that of their enlarged coarser ones: the worst level's."""
    x = tf.constant(trained.test[0])
    drawn = [from_wire(v) for v in trained.ask("sample", seed=np.arange(len(x), dtype=np.int64)).values()]
    ratios = []
    for level, coarser in pairwise(drawn):
        without = enlarge(tf.constant(coarser), level.shape[1:3]).numpy()
        ratios.append(_frechet(trained, x.numpy(), level) / _frechet(trained, x.numpy(), without))
        x = shrink(x, 2)
    return max(ratios)


def _frechet(trained: Trained, real: np.ndarray, fake: np.ndarray) -> float:
    features = evaluators.for_data(trained.data.name).features
    return frechet_distance(*(FeatureMoments().add(features(x)) for x in (real, fake)))


@measure
def frame_distance(trained: Trained) -> float:
    """The Fréchet distance of single frames of sampled and test videos."""
    return _videos(trained).frames.value


@measure
def motion_distance(trained: Trained) -> float:
    """The Fréchet distance of what changes from frame to frame in sampled and test videos."""
    return _videos(trained).motion.value


def _videos(trained: Trained) -> VideoDistances:
    real = trained.test[0]
    features = evaluators.for_data(trained.data.name).features
    return video_distances(real, from_wire(trained.samples(len(real))), features, seed=trained.seed)

"""Every metric puts known degradations of real digits in order: noise, blur, lost classes, copies."""

import itertools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from zoo import data
from zoo.evaluation import evaluators
from zoo.evaluation.metrics.class_balance import class_balance
from zoo.evaluation.metrics.classifier_score import classifier_score
from zoo.evaluation.metrics.cross_accuracy import Labelled, cross_accuracy
from zoo.evaluation.metrics.frechet import frechet_unbiased
from zoo.evaluation.metrics.image_quality import psnr, ssim
from zoo.evaluation.metrics.kernel import kernel_distance
from zoo.evaluation.metrics.memorisation import memorisation
from zoo.evaluation.metrics.precision_recall import density_coverage, precision_recall
from zoo.evaluation.metrics.sliced_wasserstein import sliced_wasserstein
from zoo.evaluation.metrics.video import video_distances

MNIST = data.load("mnist-5k")
TRAIN, TEST = (Labelled(a["image"], a["label"]) for a in (MNIST.train.arrays(), MNIST.test.arrays()))
HALF = np.random.default_rng(0).permutation(len(TRAIN.x))
REAL, OTHER = (Labelled(TRAIN.x[part], TRAIN.labels[part]) for part in (HALF[:1000], HALF[1000:2000]))
"""Two sets of digits without one in common: what is degraded is the second."""


def noise(level):
    random = np.random.default_rng(1)
    return np.clip(OTHER.x + level * random.normal(size=OTHER.x.shape), -1, 1).astype(np.float32)


def blur(pixels):
    return gaussian_filter(OTHER.x, (0, pixels, pixels, 0))


def without(classes):
    """As many digits, some of the remaining ones twice."""
    kept = np.flatnonzero(OTHER.labels >= classes)
    return OTHER.x[np.resize(kept, len(OTHER.x))]


LADDERS = {
    "noise": [OTHER.x, noise(0.2), noise(0.5), noise(1.0)],
    "blur": [OTHER.x, blur(0.7), blur(1.2), blur(2.0)],
    "classes": [OTHER.x, without(2), without(5), without(8)],
}


@pytest.fixture(scope="module")
def judge():
    """(features, probabilities) of every rung of every ladder, and of the real ones."""
    e = evaluators.load("mnist-5k")

    def seen(x):
        return e.features(x), e.probabilities(x)

    return {"real": seen(REAL.x)} | {name: [seen(x) for x in rungs] for name, rungs in LADDERS.items()}


def rises(values):
    return all(a < b for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("ladder", LADDERS)
def test_distances_rise(ladder, judge):
    real = judge["real"][0]
    for distance in (
        lambda f: frechet_unbiased(real, f, seed=0, resamples=10),
        lambda f: kernel_distance(real, f, seed=0),
    ):
        found = [distance(f) for f, _ in judge[ladder]]
        assert rises([e.value for e in found])
        assert found[-1].low > found[0].high, "the worst is told from the best beyond doubt"


@pytest.mark.parametrize("ladder", ["noise", "blur"])
def test_precision_and_density_fall_with_quality(ladder, judge):
    """The slightest is left out: samples that are a little plainer than real ones lie deeper among them."""
    real = judge["real"][0]
    good = [precision_recall(real, f, seed=0).precision for f, _ in judge[ladder]]
    assert rises([-e.value for e in good[1:]])
    assert good[-1].high < good[0].low
    dense = [density_coverage(real, f, seed=0).density for f, _ in judge[ladder]]
    assert rises([-e.value for e in dense[1:]])
    assert dense[-1].high < dense[0].low


def test_recall_and_coverage_fall_with_variety(judge):
    real = judge["real"][0]
    assert rises([-precision_recall(real, f, seed=0).recall.value for f, _ in judge["classes"]])
    assert rises([-density_coverage(real, f, seed=0).coverage.value for f, _ in judge["classes"]])


def test_precision_does_not_mind_lost_classes(judge):
    """What is left is as good as before: precision is for quality alone."""
    first, *others = (precision_recall(judge["real"][0], f, seed=0).precision.value for f, _ in judge["classes"])
    assert min(others) > first - 0.05


@pytest.mark.parametrize("ladder", LADDERS)
def test_the_classifier_score_falls(ladder, judge):
    assert rises([-classifier_score(p, seed=0).value for _, p in judge[ladder]])


def test_lost_classes_are_counted(judge):
    found = [class_balance(REAL.labels, p.argmax(axis=1), 10, seed=0) for _, p in judge["classes"]]
    assert rises([-f.balance.value for f in found])
    assert rises([-f.entropy.value for f in found])
    assert [f.modes.value for f in found] == [1.0, 0.8, 0.5, 0.2]


@pytest.mark.parametrize("ladder", LADDERS)
def test_pixels_drift_apart(ladder):
    assert rises([sliced_wasserstein(REAL.x, x, seed=0, resamples=2).value for x in LADDERS[ladder]])


def test_learning_from_worse_samples_is_worse():
    def learnt(x, labels=OTHER.labels):
        return cross_accuracy(REAL, TEST, Labelled(x, labels), seed=0).from_fake.value

    kept, clean = OTHER.labels >= 5, learnt(OTHER.x)
    assert clean > 0.9
    assert learnt(blur(2.0)) < clean - 0.2
    assert learnt(OTHER.x[kept], OTHER.labels[kept]) < 0.55


def test_copies_of_the_training_set_are_found():
    fresh = memorisation(REAL.x, TEST.x, OTHER.x, seed=0)
    assert fresh.closer.low < 0.5 < fresh.closer.high
    shares = [0.0, 0.1, 0.5, 1.0]
    mixed = [np.concatenate([REAL.x[: int(s * 1000)], OTHER.x[int(s * 1000) :]]) for s in shares]
    found = [memorisation(REAL.x, TEST.x, x, seed=0) for x in mixed]
    assert rises([f.closer.value for f in found])
    assert [f.copies.value for f in found] == pytest.approx(shares, abs=0.03)


def test_copies_look_perfect_to_the_others(judge):
    """Why memorisation is measured at all: no distance minds a copy."""
    real = judge["real"][0]
    copied, fresh = (frechet_unbiased(real, f, seed=0, resamples=10).value for f in (real, judge["noise"][0][0]))
    assert copied < fresh
    assert precision_recall(real, real, seed=0).precision.value == 1


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_images_grow_unlike_themselves(metric):
    for rungs in (LADDERS["noise"][1:], LADDERS["blur"][1:]):
        assert rises([-metric(OTHER.x, x).mean() for x in rungs])


def test_videos_that_stand_still_or_jump_are_far_in_motion_alone():
    x = data.load("moving-digits").train.arrays(4500)["video"]
    random = np.random.default_rng(0)
    real, other = np.split(x[random.permutation(len(x))[:600]], 2)
    features = evaluators.load("moving-digits").features
    still = np.repeat(other[:, :1], 8, axis=1)
    jumping = np.stack([random.permutation(video) for video in other])
    same, frozen, torn = (video_distances(real, v, features, seed=0) for v in (other, still, jumping))
    assert same.motion.low < 0 < same.motion.high
    assert min(frozen.motion.low, torn.motion.low) > same.motion.high
    assert max(d.frames.low for d in (same, frozen, torn)) < same.frames.high

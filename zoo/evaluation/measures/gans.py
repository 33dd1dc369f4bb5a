"""Measures of samples, beside the test split, in the evaluator's features."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from zoo.core.errors import UserError
from zoo.display import pictures
from zoo.evaluation import evaluators
from zoo.evaluation.measures import Trained, measure
from zoo.evaluation.metrics.cross_accuracy import Labelled, cross_accuracy
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance, frechet_unbiased
from zoo.evaluation.metrics.kernel import kernel_distance
from zoo.evaluation.metrics.precision_recall import density_coverage, precision_recall

_COUNT = 2_000
"""Samples."""


def _features(t: Trained) -> tuple[np.ndarray, np.ndarray]:
    """Of test examples and of samples."""
    samples = 2.0 * t.samples(_COUNT) - 1.0
    if len(t.data.spec.shape) == 1:
        return t.test[0], samples
    judge = evaluators.for_data(t.config.data)
    return judge.features(t.test[0]), judge.features(samples)


@measure
def frechet(t: Trained) -> float:
    """Fréchet distance between test examples and samples."""
    return frechet_unbiased(*_features(t), seed=0).value


@measure
def kernel(t: Trained) -> float:
    """Kernel distance between test examples and samples."""
    return kernel_distance(*_features(t), seed=0).value


@measure
def precision(t: Trained) -> float:
    """Share of samples that lie where the data does."""
    return precision_recall(*_features(t), seed=0).precision.value


@measure
def recall(t: Trained) -> float:
    """Share of test examples that lie where samples do."""
    return precision_recall(*_features(t), seed=0).recall.value


@measure
def coverage(t: Trained) -> float:
    """Share of test examples that have a sample nearby."""
    return density_coverage(*_features(t), seed=0).coverage.value


def _asked(t: Trained) -> tuple[np.ndarray, np.ndarray]:
    """Samples in [-1, 1], and the classes that were asked for."""
    if "label" not in t.model.signatures()["sample"].inputs:
        raise UserError(f"{t.config.model} is not asked for a class; cgan, acgan and conditional_vae are.")
    label = np.arange(_COUNT, dtype=np.int64) % t.data.spec.classes
    return 2.0 * t.samples(_COUNT, label=label) - 1.0, label


@measure
def agreement(t: Trained) -> float:
    """Share of samples that the evaluator takes for the class asked for."""
    samples, label = _asked(t)
    return float(np.mean(evaluators.for_data(t.config.data).labels(samples) == label))


@measure
def augmentation_accuracy(t: Trained) -> float:
    """On test examples, of a classifier that learnt from samples alone."""
    train, test, fake = Labelled(*t.data.train.arrays()), Labelled(*t.test), Labelled(*_asked(t))
    return cross_accuracy(train, test, fake, seed=0).from_fake.value


@measure
def class_accuracy(t: Trained) -> float:
    """Of the discriminator's own classes, on test examples."""
    answer = t.ask("discriminate", images=t.images)
    if "class_logits" not in answer:
        raise UserError(f"{t.config.model}'s discriminator does not classify; acgan's does.")
    return float(np.mean(np.argmax(answer["class_logits"], axis=1) == t.test[1]))


@measure
def purity(t: Trained) -> float:
    """Share of test examples that are of the commonest class among those with the same category."""
    answer = t.ask("discriminate", images=t.images)
    if "category_logits" not in answer:
        raise UserError(f"{t.config.model} has no categories; infogan has.")
    table = np.zeros((answer["category_logits"].shape[1], t.data.spec.classes))
    np.add.at(table, (np.argmax(answer["category_logits"], axis=1), t.test[1]), 1)
    return float(table.max(axis=1).sum() / table.sum())


@measure
def estimate_correlation(t: Trained) -> float:
    """Rank correlation, over epochs, of what the critic estimates with the Fréchet distance of the epoch's pictures."""
    log = pictures.read_log(t.folder / "log.csv")
    if "critic/wasserstein" not in log or len(t.data.spec.shape) != 3:
        raise UserError(f"{t.config.model} estimates no distance between images; wgan and wgan_gp do.")
    judge = evaluators.for_data(t.config.data)
    real = FeatureMoments().add(judge.features(t.test[0]))
    shown = [_shown(t.folder / "samples" / f"epoch-{int(e):04d}.png", t.data.spec.shape) for e in log["epoch"]]
    distances = [frechet_distance(real, FeatureMoments().add(judge.features(x))) for x in shown]
    return float(spearmanr(log["critic/wasserstein"], distances).statistic)


def _shown(path: Path, shape: tuple[int, ...], columns: int = 8) -> np.ndarray:
    """The images of a grid, (N, *shape) in [-1, 1]."""
    height, width, channels = shape
    with Image.open(path) as picture:
        factor = picture.width // (columns * (width + 1) + 1)
        sheet = np.asarray(picture, np.float32)[::factor, ::factor] / 127.5 - 1.0
    rows = (sheet.shape[0] - 1) // (height + 1)
    cells = sheet[1:, 1:].reshape(rows, height + 1, columns, width + 1, channels)
    return cells[:, :height, :, :width].swapaxes(1, 2).reshape(-1, *shape)

"""Measures of samples, beside the test split, in the evaluator's features."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from zoo.core.errors import UserError
from zoo.core.features import from_unit
from zoo.display import pictures
from zoo.evaluation import evaluators
from zoo.evaluation.measures import measure
from zoo.evaluation.metrics.cross_accuracy import Labelled, cross_accuracy
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance, frechet_unbiased
from zoo.evaluation.metrics.kernel import kernel_distance
from zoo.evaluation.metrics.precision_recall import density_coverage, precision_recall
from zoo.evaluation.models import TrainedModel

_COUNT = 2_000
"""Samples."""


def _features(t: TrainedModel) -> tuple[np.ndarray, np.ndarray]:
    """Of test examples and of samples."""
    samples = t.samples(_COUNT)
    if t.spec.kind != "image":
        return t.real, samples
    evaluator = evaluators.for_data(t.config.data)
    return evaluator.features(t.real), evaluator.features(samples)


@measure
def frechet(t: TrainedModel) -> float:
    """Fréchet distance between test examples and samples."""
    return frechet_unbiased(*_features(t), seed=0).value


@measure
def kernel(t: TrainedModel) -> float:
    """Kernel distance between test examples and samples."""
    return kernel_distance(*_features(t), seed=0).value


@measure
def precision(t: TrainedModel) -> float:
    """Share of samples that lie where the data does."""
    return precision_recall(*_features(t), seed=0).precision.value


@measure
def recall(t: TrainedModel) -> float:
    """Share of test examples that lie where samples do."""
    return precision_recall(*_features(t), seed=0).recall.value


@measure
def coverage(t: TrainedModel) -> float:
    """Share of test examples that have a sample nearby."""
    return density_coverage(*_features(t), seed=0).coverage.value


def _of_classes(t: TrainedModel) -> Labelled:
    """Samples in [-1, 1], and their classes."""
    conditions = t.conditions("sample", _COUNT)
    if "label" not in conditions:
        raise UserError(f"{t.config.model} takes no class; cgan, acgan and conditional_vae do.")
    return Labelled(t.samples(_COUNT), conditions["label"])


@measure
def agreement(t: TrainedModel) -> float:
    """Share of samples that the evaluator classifies as the class that they were generated for."""
    samples, label = _of_classes(t)
    return float(np.mean(evaluators.for_data(t.config.data).labels(samples) == label))


@measure
def augmentation_accuracy(t: TrainedModel) -> float:
    """Test accuracy of a classifier that was trained on samples alone."""
    train, test = (Labelled(part[t.spec.target], part["label"]) for part in (t.data.train.arrays(), t.test))
    return cross_accuracy(train, test, _of_classes(t), seed=0).from_fake.value


@measure
def class_accuracy(t: TrainedModel) -> float:
    """Test accuracy of the discriminator's own classifier."""
    outputs = t.call("discriminate", x=t.real)
    if "class_logits" not in outputs:
        raise UserError(f"{t.config.model}'s discriminator does not classify; acgan's does.")
    return float(np.mean(np.argmax(outputs["class_logits"], axis=1) == t.test["label"]))


@measure
def purity(t: TrainedModel) -> float:
    """Share of test examples whose class is the most frequent one of their category."""
    outputs = t.call("discriminate", x=t.real)
    if "category_logits" not in outputs:
        raise UserError(f"{t.config.model} has no categories; infogan has.")
    table = np.zeros((outputs["category_logits"].shape[1], t.spec.classes))
    np.add.at(table, (np.argmax(outputs["category_logits"], axis=1), t.test["label"]), 1)
    return float(table.max(axis=1).sum() / table.sum())


@measure
def estimate_correlation(t: TrainedModel) -> float:
    """Rank correlation, over epochs, of the critic's estimate with the Fréchet distance of the epoch's preview."""
    log = pictures.read_log(t.folder / "log.csv")
    if "critic/wasserstein" not in log or t.spec.kind != "image":
        raise UserError(f"{t.config.model} estimates no distance between images; wgan and wgan_gp do.")
    if "label" in t.model.signatures()["sample"].inputs:
        raise UserError("The previews of a conditional model are in rows of classes, which are not read. Leave it out.")
    evaluator = evaluators.for_data(t.config.data)
    real = FeatureMoments().add(evaluator.features(t.real))
    previews = [_images(t.folder / "samples" / f"epoch-{int(e):04d}.png", t.spec.shape) for e in log["epoch"]]
    distances = [frechet_distance(real, FeatureMoments().add(evaluator.features(x))) for x in previews]
    return float(spearmanr(log["critic/wasserstein"], distances).statistic)


def _images(path: Path, shape: tuple[int, ...], columns: int = 8) -> np.ndarray:
    """The images of a grid, (N, *shape) in [-1, 1]."""
    height, width, channels = shape
    with Image.open(path) as picture:
        factor = picture.width // (columns * (width + 1) + 1)
        sheet = from_unit(np.asarray(picture, np.float32)[::factor, ::factor] / 255.0)
    rows = (sheet.shape[0] - 1) // (height + 1)
    cells = sheet[1:, 1:].reshape(rows, height + 1, columns, width + 1, channels)
    return np.asarray(cells[:, :height, :, :width].swapaxes(1, 2).reshape(-1, *shape))

"""Measures of codes and reconstructions on the test split. Errors are those of values in [0, 1]."""

import numpy as np
import tensorflow as tf
from scipy.ndimage import median_filter
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from zoo.autoencoders.family import Autoencoder
from zoo.core.errors import UserError
from zoo.core.features import to_unit
from zoo.core.random import Seed
from zoo.evaluation.measures import baseline, measure
from zoo.evaluation.metrics.image_quality import psnr
from zoo.evaluation.models import TrainedModel
from zoo.losses.codes import contraction

_LIMIT = 2_000
"""Training examples of the linear classifier."""
_HIGHEST = 100.0
"""PSNR in dB, at most: that of equal images is infinite."""


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def _train(t: TrainedModel, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A random choice of training examples (N, *shape) in [-1, 1], and their labels (N,)."""
    arrays = t.data.train.arrays()
    x = arrays[t.spec.target]
    chosen = np.random.default_rng(0).permutation(len(x))[:limit]
    return x[chosen], arrays["label"][chosen] if "label" in arrays else np.zeros(len(chosen), np.int64)


@measure
def test_error(t: TrainedModel) -> float:
    """Mean squared error of reconstructions, per value."""
    return float(np.mean(t.call("reconstruct", x=t.real)["error"]))


@baseline("test_error", "pca")
def pca_error(t: TrainedModel) -> float:
    """The same of as many principal components as the code has numbers: the best linear code."""
    code = t.model.signatures()["decode"].inputs["codes"].size
    pca = PCA(code, random_state=0).fit(to_unit(_flat(_train(t)[0])))
    x = to_unit(_flat(t.real))
    return float(np.mean((x - pca.inverse_transform(pca.transform(x))) ** 2))


def _noisy(t: TrainedModel) -> np.ndarray:
    """Test examples with the noise that the model was trained on, but other seeds."""
    corrupt = getattr(t.model, "corrupt", None)
    if corrupt is None:
        raise UserError(f"{t.config.model} was not trained on noise; `denoising` is.")
    return np.asarray(corrupt(tf.constant(t.real), Seed.of(tf.range(len(t.real))).fold("test")))


def _psnr(t: TrainedModel, x: np.ndarray) -> float:
    return float(np.mean(np.minimum(psnr(x, t.real), _HIGHEST)))


@measure
def denoised_psnr(t: TrainedModel) -> float:
    """Mean peak signal-to-noise ratio of denoised test images, in dB."""
    return _psnr(t, t.call("denoise", x=_noisy(t))["x"])


@baseline("denoised_psnr", "noisy image")
def noisy_psnr(t: TrainedModel) -> float:
    """The same of the noisy images."""
    return _psnr(t, np.clip(_noisy(t), -1.0, 1.0))


@baseline("denoised_psnr", "median filter")
def filtered_psnr(t: TrainedModel) -> float:
    """The same of the medians over 3 x 3 pixels."""
    return _psnr(t, median_filter(np.clip(_noisy(t), -1.0, 1.0), size=(1, 3, 3, 1)))


@measure
def activation_gap(t: TrainedModel) -> float:
    """Distance of the codes' mean activation from the model's `target`."""
    target = t.parameters["target"]
    return float(abs(np.mean(t.call("encode", x=t.real)["codes"]) - target))


@measure
def probe_accuracy(t: TrainedModel) -> float:
    """Test accuracy of a linear classifier of codes, trained on 2,000 examples."""
    x, label = _train(t, _LIMIT)
    codes, test = (t.call("encode", x=part)["codes"] for part in (x, t.real))
    return _probe(codes, label, test, t.test["label"])


@baseline("probe_accuracy", "pca")
def pca_probe_accuracy(t: TrainedModel) -> float:
    """The same of principal components instead of codes, as many as there are."""
    x, label = _train(t, _LIMIT)
    flat = to_unit(_flat(x))
    pca = PCA(min(flat.shape), random_state=0).fit(flat)
    return _probe(pca.transform(flat), label, pca.transform(to_unit(_flat(t.real))), t.test["label"])


def _probe(codes: np.ndarray, label: np.ndarray, test: np.ndarray, test_label: np.ndarray) -> float:
    # One scale for all: a scale for each would enlarge the components that say least.
    mean, scale = codes.mean(axis=0), codes.std()
    classifier = LogisticRegression(C=0.01, max_iter=300).fit((codes - mean) / scale, label)
    return float(classifier.score((test - mean) / scale, test_label))


@measure
def jacobian_norm(t: TrainedModel) -> float:
    """Mean Frobenius norm of ∂h/∂x on test images."""
    if not isinstance(t.model, Autoencoder):
        raise UserError(f"{t.config.model} has no encoder with a Jacobian; the autoencoders have one.")
    x, encoder = tf.constant(t.real[:200]), t.model.encoder
    directions = tf.repeat(tf.eye(t.model.code)[None], x.shape[0], axis=0)
    return float(np.mean(np.sqrt(contraction(lambda v: encoder(v, training=False), x, directions))))

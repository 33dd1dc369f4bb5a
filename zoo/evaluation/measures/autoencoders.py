"""Measures of codes and reconstructions, on the test split. Images in [0, 1]."""

import numpy as np
import tensorflow as tf
from scipy.ndimage import median_filter
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from zoo.autoencoders.family import Autoencoder
from zoo.core.errors import UserError
from zoo.core.model import from_wire, to_wire
from zoo.core.random import Seed
from zoo.evaluation.measures import Trained, baseline, measure
from zoo.losses.codes import contraction

_LIMIT = 2_000
"""Examples for what costs much each."""


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _train(t: Trained, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Training images (N, F) in [0, 1], a sample of them with every class, and their labels."""
    x, label = t.data.train.arrays()
    chosen = np.random.default_rng(0).permutation(len(x))[:limit]
    return _flat((x[chosen] + 1.0) / 2.0), label[chosen]


@measure
def test_error(t: Trained) -> float:
    """Mean squared error of reconstructions, per pixel."""
    return float(np.mean(t.ask("reconstruct", images=t.images)["error"]))


@baseline("test_error", "pca")
def pca_error(t: Trained) -> float:
    """Of principal components, as many as the model's code has numbers: the best that is linear."""
    code = t.model.signatures()["decode"].inputs["codes"].shape[-1]
    pca = PCA(code, random_state=0).fit(_train(t)[0])
    x = _flat(t.images)
    return float(np.mean((x - pca.inverse_transform(pca.transform(x))) ** 2))


def _noisy(t: Trained) -> np.ndarray:
    """Test images with the noise that the model was trained on, of seeds of their own."""
    corrupt = getattr(t.model, "corrupt", None)
    if corrupt is None:
        raise UserError(f"{t.config.model} was not trained on noise; `denoising` is.")
    noisy = corrupt(from_wire(tf.constant(t.images)), Seed.of(tf.range(len(t.images))).fold("test"))
    return to_wire(noisy).numpy()


def _psnr(t: Trained, images: np.ndarray) -> float:
    error = np.mean(_flat((images - t.images) ** 2), axis=1)
    return float(np.mean(-10.0 * np.log10(np.maximum(error, 1e-10))))


@measure
def denoised_psnr(t: Trained) -> float:
    """Mean peak signal-to-noise ratio of denoised test images, in dB."""
    return _psnr(t, t.ask("denoise", images=_noisy(t))["images"])


@baseline("denoised_psnr", "noisy image")
def noisy_psnr(t: Trained) -> float:
    """Of the noisy image itself."""
    return _psnr(t, np.clip(_noisy(t), 0.0, 1.0))


@baseline("denoised_psnr", "median filter")
def filtered_psnr(t: Trained) -> float:
    """Of a median over 3 x 3 pixels."""
    return _psnr(t, median_filter(np.clip(_noisy(t), 0.0, 1.0), size=(1, 3, 3, 1)))


@measure
def activation_gap(t: Trained) -> float:
    """How far the mean activation of the code lies from the model's `target`."""
    target = t.parameters["target"]
    return float(abs(np.mean(t.ask("encode", images=t.images)["codes"]) - target))


@measure
def probe_accuracy(t: Trained) -> float:
    """Accuracy on test data of a linear classifier of codes, which learnt from 2,000 training examples."""
    x, label = _train(t, _LIMIT)
    codes = t.ask("encode", images=x.reshape(-1, *t.data.spec.shape))["codes"]
    return _probe(codes, label, t.ask("encode", images=t.images)["codes"], t.test[1])


@baseline("probe_accuracy", "pca")
def pca_probe_accuracy(t: Trained) -> float:
    """Of principal components instead of codes, as many as there are."""
    x, label = _train(t, _LIMIT)
    pca = PCA(min(len(x), x.shape[1]), random_state=0).fit(x)
    return _probe(pca.transform(x), label, pca.transform(_flat(t.images)), t.test[1])


def _probe(codes: np.ndarray, label: np.ndarray, test: np.ndarray, test_label: np.ndarray) -> float:
    # One scale for all: a scale for each would blow up the components that say least.
    mean, scale = codes.mean(axis=0), codes.std()
    classifier = LogisticRegression(C=0.01, max_iter=300).fit((codes - mean) / scale, label)
    return float(classifier.score((test - mean) / scale, test_label))


@measure
def jacobian_norm(t: Trained) -> float:
    """Mean Frobenius norm of ∂h/∂x on test images."""
    if not isinstance(t.model, Autoencoder):
        raise UserError(f"{t.config.model} has no encoder whose Jacobian could be taken; the autoencoders have.")
    x, encoder = tf.constant(t.test[0][:200]), t.model.encoder
    directions = tf.repeat(tf.eye(t.model.code)[None], x.shape[0], axis=0)
    return float(np.mean(np.sqrt(contraction(lambda v: encoder(v, training=False), x, directions))))

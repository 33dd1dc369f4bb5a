"""The same numbers from torchmetrics, an implementation of others: with the extra `bench` alone."""

import numpy as np
import pytest

pytest.importorskip("torchmetrics", reason="torchmetrics comes with the extra `bench`")

import torch
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zoo.evaluation.metrics.image_quality import psnr, ssim
from zoo.evaluation.metrics.kernel import kernel_distance

RANDOM = np.random.default_rng(0)


def test_frechet_distance():
    a, b = (FeatureMoments().add(RANDOM.normal(m, s, (500, 32))) for m, s in ((0, 1), (0.3, 1.5)))
    expected = _compute_fid(*(torch.tensor(t) for m in (a, b) for t in (m.mean, m.covariance)))
    assert frechet_distance(a, b) == pytest.approx(float(expected), rel=1e-6)


def test_kernel_distance():
    """Two rows each: one block of ours."""
    x, y = RANDOM.normal(size=(2, 2, 16))
    expected = poly_mmd(torch.tensor(x), torch.tensor(y), degree=3, gamma=None, coef=1.0)
    assert kernel_distance(x, y, seed=0).value == pytest.approx(float(expected))


def test_image_quality():
    """Its SSIM mirrors the image beyond its edges, where ours, as TensorFlow's, leaves them out: large ones agree."""
    x = RANDOM.uniform(-1, 1, (4, 128, 128, 1))
    y = np.clip(x + 0.2 * RANDOM.normal(size=x.shape), -1, 1)
    a, b = (torch.tensor((v + 1) / 2).permute(0, 3, 1, 2) for v in (x, y))
    theirs = peak_signal_noise_ratio(b, a, data_range=1.0, reduction="none", dim=(1, 2, 3))
    np.testing.assert_allclose(psnr(x, y), theirs, rtol=1e-6)
    theirs = structural_similarity_index_measure(b, a, data_range=1.0, reduction="none")
    np.testing.assert_allclose(ssim(x, y), theirs, atol=0.003)

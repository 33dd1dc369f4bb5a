"""How close an image is to the original: for reconstructions, denoising and super-resolution."""

import numpy as np
from skimage.metrics import structural_similarity

from zoo.core.errors import UserError

_SIGMA, _TRUNCATE = 1.5, 3.5


def psnr(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of images (N, H, W, C) in [-1, 1], in dB, of each: float64 (N,); infinite if equal."""
    x, y = _unit(x, y)
    error = np.square(x - y).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return np.asarray(-10 * np.log10(error))


def ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Structural similarity of images (N, H, W, C) in [-1, 1], of each: float64 (N,), at most 1.

    Wang et al., IEEE Trans. Image Processing 13 (2004), eq. 13, by scikit-image: a Gaussian window of 11 pixels,
    σ = 1.5 (a narrower one where a side is shorter), the mean over channels.
    """
    x, y = _unit(x, y)
    sigma = min(_SIGMA, (min(x.shape[1:3]) - 1) // 2 / _TRUNCATE)
    return np.array(
        [
            structural_similarity(  # type: ignore[no-untyped-call]
                a,
                b,
                data_range=1.0,
                channel_axis=-1,
                gaussian_weights=True,
                sigma=sigma,
                use_sample_covariance=False,
            )
            for a, b in zip(x, y, strict=True)
        ]
    )


def _unit(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both in [0, 1]: SSIM's luminance is a share of the brightness above black."""
    if x.shape != y.shape or x.ndim != 4:
        raise UserError(f"Images are compared one to one, (N, H, W, C) both; received {x.shape} and {y.shape}.")
    return (np.asarray(x, np.float64) + 1) / 2, (np.asarray(y, np.float64) + 1) / 2

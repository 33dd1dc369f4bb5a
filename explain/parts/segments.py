"""Maps that follow what an image shows: superpixels, numbered from 0 and never dead for being so."""

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.parts.maps import Map


def slic(x: NDArray, count: int = 50, compactness: float = 0.1) -> Map:
    """About `count` superpixels of an image (H, W, C) in [0, 1] (Achanta et al., PAMI 34, 2012).

    `compactness` weighs nearness against likeness of colour.
    """
    from skimage.segmentation import slic as segment

    if count < 1:
        raise RequestError(f"SLIC takes at least 1 superpixel; received {count}.")
    # Lab is for three channels, and images of one have no colour to compare.
    labels = segment(x, count, compactness, start_label=0, channel_axis=-1, convert2lab=x.shape[-1] == 3)
    return _renumbered(labels)


def felzenszwalb(x: NDArray, scale: float = 20.0, smallest: int | None = None) -> Map:
    """Regions of an image (H, W, C) in [0, 1] that differ more between than within (Felzenszwalb & Huttenlocher, IJCV
    59, 2004); larger with `scale`, at least `smallest` pixels, a hundredth of the image by default."""
    from skimage.segmentation import felzenszwalb as segment

    if not scale > 0:
        raise RequestError(f"The scale of felzenszwalb is larger than 0; received {scale}.")
    least = max(1, x.shape[0] * x.shape[1] // 100) if smallest is None else smallest
    return _renumbered(segment(x, scale, min_size=least, channel_axis=-1))


def _renumbered(labels: NDArray) -> Map:
    return Map(np.unique(labels, return_inverse=True)[1].reshape(labels.shape))

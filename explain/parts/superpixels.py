"""Maps whose parts are superpixels: regions that follow the edges of an image. Labels start at 0."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.parts.maps import Map


def slic(x: NDArray[Any], count: int = 50, compactness: float = 0.1) -> Map:
    """About `count` superpixels of an image (H, W, C) in [0, 1] (Achanta et al., PAMI 34, 2012).

    `compactness` weighs distance in space against difference in colour. Errors: RequestError.
    """
    from skimage.segmentation import slic as segment

    if count < 1:
        raise RequestError(f"slic takes at least 1 superpixel; received {count}.")
    # The Lab colour space needs three channels.
    labels = segment(x, count, compactness, start_label=0, channel_axis=-1, convert2lab=x.shape[-1] == 3)
    return _renumbered(labels)


def felzenszwalb(x: NDArray[Any], scale: float = 20.0, smallest: int | None = None) -> Map:
    """Regions of an image (H, W, C) in [0, 1] (Felzenszwalb & Huttenlocher, IJCV 59, 2004).

    A larger `scale` gives larger regions. `smallest` is the least size in pixels, by default 1 % of the image.
    Errors: RequestError.
    """
    from skimage.segmentation import felzenszwalb as segment

    if not scale > 0:
        raise RequestError(f"The scale of felzenszwalb must be larger than 0; received {scale}.")
    least = max(1, x.shape[0] * x.shape[1] // 100) if smallest is None else smallest
    return _renumbered(segment(x, scale, min_size=least, channel_axis=-1))


def _renumbered(labels: NDArray[Any]) -> Map:
    return Map(np.unique(labels, return_inverse=True)[1].reshape(labels.shape))

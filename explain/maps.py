"""From interpretable parts to inputs: which element of the input belongs to which part."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError


@dataclass(frozen=True, eq=False)
class Map:
    """Labels 0..K-1 over the leading dimensions of an input: (H, W) for an image (H, W, C).

    Every label of the range occurs. Errors: RequestError for labels that leave one out or do not start at 0.
    """

    labels: NDArray[np.int64]

    def __init__(self, labels: ArrayLike) -> None:
        object.__setattr__(self, "labels", _checked(np.asarray(labels)))

    @property
    def parts(self) -> int:
        """K, the number of parts."""
        return int(self.labels.max()) + 1

    def apply(self, masks: NDArray[np.bool_], x: NDArray, baseline: NDArray) -> NDArray:
        """Masks (n, K), True where `x` is kept and False where `baseline` shows -> inputs (n, *x.shape)."""
        keep = masks[:, self.labels]
        keep = keep.reshape(keep.shape + (1,) * (x.ndim - self.labels.ndim))
        return np.where(keep, x, baseline)

    def dead(self, x: NDArray, baseline: NDArray) -> NDArray[np.bool_]:
        """(K,): parts where `x` is the baseline already, so that hiding them changes nothing."""
        differs = (x != baseline).reshape(*self.labels.shape, -1).any(axis=-1)
        return np.bincount(self.labels[differs], minlength=self.parts) == 0

    def means(self, x: NDArray) -> NDArray:
        """`x` with every part replaced by its own mean over each channel; x.shape."""
        flat = self.labels.ravel()
        # In float64 the mean of equal float32 numbers is that number again, so constant parts are dead.
        channels = x.reshape(flat.size, -1).astype(np.float64)
        sums = np.stack([np.bincount(flat, c, self.parts) for c in channels.T], axis=-1)
        return (sums / np.bincount(flat)[:, None])[flat].reshape(x.shape).astype(x.dtype)


def grid(shape: tuple[int, ...], cells: int = 7) -> Map:
    """A grid of `cells` by `cells` rectangles over (H, W, ...), numbered row by row.

    Sides that `cells` does not divide give rectangles that differ by one pixel; a side shorter than `cells`
    is cut into single pixels.
    """
    if len(shape) < 2 or min(shape[:2]) < 1:
        raise RequestError(f"A grid covers (height, width), both at least 1; received the shape {shape}.")
    if cells < 1:
        raise RequestError(f"A grid has at least one cell a side; received cells={cells}.")
    (height, width), (rows, columns) = shape[:2], (min(cells, side) for side in shape[:2])
    row, column = np.arange(height) * rows // height, np.arange(width) * columns // width
    return Map(row[:, None] * columns + column)


def _checked(labels: NDArray) -> NDArray[np.int64]:
    if labels.size == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise RequestError(
            f"A map is a non-empty array of integer labels; received {labels.dtype} of shape {labels.shape}."
        )
    found = np.unique(labels)
    if found[0] != 0 or found[-1] != found.size - 1:
        repair = (
            "Subtract 1 (skimage.segmentation.slic: start_label=0)."
            if found[0] == 1 and found[-1] == found.size
            else "Number the parts anew: np.unique(labels, return_inverse=True)."
        )
        raise RequestError(
            f"A map's labels are 0..K-1, each used; received {found.size} different labels from {found[0]} "
            f"to {found[-1]}. {repair}"
        )
    labels = labels.astype(np.int64)
    labels.flags.writeable = False
    return labels

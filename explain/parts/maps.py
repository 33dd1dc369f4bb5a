"""Maps: which element of the input belongs to which interpretable part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError

KINDS = {1: "table", 2: "image", 3: "video"}
"""The default kind of an input, by the number of dimensions of its labels."""

CELLS, VIDEO_CELLS = 7, (3, 4, 4)
"""Default cells of a grid: of each side of an image, and (time, height, width) of a video."""


class Parts(Protocol):
    """A map of an input into K interpretable parts."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """The part of each position, 0..K-1; the positions are those that a picture of the explanation shows."""

    @property
    def kind(self) -> str:
        """image, video, table, tokens, signal or spectrogram; decides how the input is checked and drawn."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the parts, or None."""

    @property
    def count(self) -> int:
        """K, the number of parts."""

    def check(self, shape: tuple[int, ...]) -> None:
        """Errors: RequestError if the map does not fit inputs of this shape."""

    def apply(self, masks: NDArray[np.bool_], x: NDArray[Any], baseline: NDArray[Any]) -> NDArray[Any]:
        """Masks (n, K), True for a part of `x`, False for the baseline -> perturbed inputs (n, *x.shape)."""

    def dead(self, x: NDArray[Any], baseline: NDArray[Any]) -> NDArray[np.bool_]:
        """(K,): True for parts in which `x` equals the baseline, so that masking them changes nothing."""

    def means(self, x: NDArray[Any]) -> NDArray[Any]:
        """`x` with each part replaced by its mean, per channel; x.shape."""


@dataclass(frozen=True, eq=False)
class Map:
    """Labels 0..K-1 over the leading dimensions of an input: (H, W) for an image (H, W, C), (T, H, W) for a video.

    Labels may also tell channels apart: (H, W, C) for an image, or (T, C) for a signal (T, C) with kind="signal".

    Every label must occur. Errors: RequestError if labels do not start at 0 or skip a number, or if there is not one
    name per part.
    """

    labels: NDArray[np.int64]
    kind: str
    names: tuple[str, ...] | None

    def __init__(self, labels: ArrayLike, *, kind: str | None = None, names: Sequence[str] | None = None) -> None:
        checked = _checked(np.asarray(labels))
        object.__setattr__(self, "labels", checked)
        object.__setattr__(self, "kind", kind or KINDS.get(checked.ndim, "table"))
        object.__setattr__(self, "names", None if names is None else tuple(map(str, names)))
        if self.names is not None and len(self.names) != self.count:
            raise RequestError(f"A map of {self.count} parts takes as many names; received {len(self.names)}.")

    @property
    def count(self) -> int:
        """K, the number of parts."""
        return int(self.labels.max()) + 1

    def check(self, shape: tuple[int, ...]) -> None:
        """Errors: RequestError if the labels do not fit an input of this shape."""
        right = shape[: self.labels.ndim]
        if self.labels.shape != right:
            raise RequestError(f"The map has the shape {self.labels.shape}; for this {self.kind} it is {right}.")

    def apply(self, masks: NDArray[np.bool_], x: NDArray[Any], baseline: NDArray[Any]) -> NDArray[Any]:
        """Masks (n, K), True for a part of `x`, False for the baseline -> perturbed inputs (n, *x.shape)."""
        # Flattened, channels included: many short inner loops take several times as long. Bitwise, because np.where
        # takes twice as long: the mask of a kept part is all ones.
        labels = np.repeat(self.labels.ravel(), x.size // self.labels.size)
        word = np.dtype(f"i{x.itemsize}")
        kept, masked = x.ravel().view(word), baseline.astype(x.dtype, copy=False).ravel().view(word)
        bits = (-np.take(masks.view(np.int8), labels, axis=1)).astype(word, copy=False)
        bits &= kept ^ masked
        bits ^= masked
        return bits.view(x.dtype).reshape(len(masks), *x.shape)

    def dead(self, x: NDArray[Any], baseline: NDArray[Any]) -> NDArray[np.bool_]:
        """(K,): True for parts in which `x` equals the baseline, so that masking them changes nothing."""
        differs = (x != baseline).reshape(*self.labels.shape, -1).any(axis=-1)
        return np.asarray(np.bincount(self.labels[differs], minlength=self.count) == 0)

    def means(self, x: NDArray[Any]) -> NDArray[Any]:
        """`x` with each part replaced by its mean, per channel; x.shape."""
        flat = self.labels.ravel()
        # In float64 the mean of equal float32 numbers is exactly that number, so constant parts equal their mean.
        channels = x.reshape(flat.size, -1).astype(np.float64)
        sums = np.stack([np.bincount(flat, c, self.count) for c in channels.T], axis=-1)
        return (sums / np.bincount(flat)[:, None])[flat].reshape(x.shape).astype(x.dtype)


def grid(shape: Sequence[int], cells: int | Sequence[int] | None = None) -> Map:
    """A grid over an image (H, W, ...) or, if `cells` are three (time, height, width), a video (T, H, W, ...).

    By default 7 by 7 cells, or fewer so that each has at least 2 by 2 pixels. Parts are numbered row by row. If `cells`
    does not divide a side, cells differ in size by one; a side shorter than `cells` gets one cell per element.
    Errors: RequestError.
    """
    if cells is None:
        cells = [_at_least_two_pixels(side, CELLS) for side in shape[:2]]
    counts = (cells, cells) if isinstance(cells, int) else tuple(cells)
    if len(counts) not in (2, 3) or min(counts) < 1:
        raise RequestError(f"A grid takes two or three numbers of cells, each at least 1; received cells={cells}.")
    if len(shape) < len(counts) or min(shape[: len(counts)]) < 1:
        covers = "(height, width)" if len(counts) == 2 else "(time, height, width)"
        raise RequestError(f"A grid covers {covers}, each at least 1; received the shape {tuple(shape)}.")
    sides = list(shape[: len(counts)])
    counts = tuple(min(pair) for pair in zip(counts, sides, strict=True))
    index = np.indices(sides)
    boxes = [i * count // side for i, count, side in zip(index, counts, sides, strict=True)]
    return Map(np.ravel_multi_index(boxes, counts))


def video_grid(shape: Sequence[int]) -> Map:
    """The default grid of a video (T, H, W, ...): 3 by 4 by 4 cells, fewer if cells would be below 2 by 2 pixels."""
    frames, *sides = VIDEO_CELLS
    return grid(shape, [frames, *(_at_least_two_pixels(s, n) for s, n in zip(shape[1:3], sides, strict=True))])


def _at_least_two_pixels(side: int, cells: int) -> int:
    return max(1, min(cells, side // 2))


def columns(x: ArrayLike, names: Sequence[str] | None = None) -> Map:
    """One part per column of a table row (F,); `names` are the columns' names."""
    return Map(np.arange(len(np.asarray(x))), names=names)


def tokens(x: ArrayLike, names: Sequence[str] | None = None) -> Map:
    """One part per position of a token sequence, integers (T,); `names` are the words."""
    return Map(np.arange(len(np.asarray(x))), kind="tokens", names=names)


def time_segments(shape: Sequence[int], count: int = 20) -> Map:
    """`count` segments of a signal (T,) or (T, C), whose lengths differ by at most one sample. Errors: RequestError."""
    if not shape or not 1 <= count <= shape[0]:
        raise RequestError(f"A signal of shape {tuple(shape)} has no {count} segments. Give 1 up to its length.")
    return Map(np.arange(shape[0]) * count // shape[0], kind="signal")


def _checked(labels: NDArray[Any]) -> NDArray[np.int64]:
    if labels.size == 0 or labels.ndim == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise RequestError(
            f"A map is a non-empty array of integer labels; received {labels.dtype} of shape {labels.shape}."
        )
    found = np.unique(labels)
    if found[0] != 0 or found[-1] != found.size - 1:
        repair = (
            "Subtract 1 (skimage.segmentation.slic: start_label=0)."
            if found[0] == 1 and found[-1] == found.size
            else "Renumber them: np.unique(labels, return_inverse=True)[1].reshape(labels.shape)."
        )
        raise RequestError(
            f"The labels of a map are 0..K-1, each used at least once; received {found.size} different labels from "
            f"{found[0]} to {found[-1]}. {repair}"
        )
    labels = labels.astype(np.int64)
    labels.flags.writeable = False
    return labels

"""From interpretable parts to inputs: which element of the input belongs to which part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError

KINDS = {1: "table", 2: "image", 3: "video"}
"""What an input is, by the dimensions of its labels, unless a map says otherwise."""


class Parts(Protocol):
    """What the core needs of a map."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """The part at each place; places are what a picture of the explanation shows."""

    @property
    def kind(self) -> str:
        """image, video, table, tokens, signal or spectrogram: how the input is checked and drawn."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The parts' names, where they have any."""

    @property
    def parts(self) -> int:
        """K, the number of parts."""

    def check(self, shape: tuple[int, ...]) -> None:
        """Errors: RequestError where the map does not cover inputs of this shape."""

    def apply(self, masks: NDArray[np.bool_], x: NDArray, baseline: NDArray) -> NDArray:
        """Masks (n, K), True where `x` is kept and False where `baseline` shows -> inputs (n, *x.shape)."""

    def dead(self, x: NDArray, baseline: NDArray) -> NDArray[np.bool_]:
        """(K,): parts where `x` is the baseline already, so that hiding them changes nothing."""

    def means(self, x: NDArray) -> NDArray:
        """`x` with every part replaced by its own mean over each channel; x.shape."""


@dataclass(frozen=True, eq=False)
class Map:
    """Labels 0..K-1 over the leading dimensions of an input: (H, W) for an image (H, W, C), (T, H, W) for a video.

    Every label of the range occurs. Errors: RequestError for labels that leave one out or do not start at 0, and for
    names that are not one a part.
    """

    labels: NDArray[np.int64]
    kind: str
    names: tuple[str, ...] | None

    def __init__(self, labels: ArrayLike, *, kind: str | None = None, names: Sequence[str] | None = None) -> None:
        checked = _checked(np.asarray(labels))
        object.__setattr__(self, "labels", checked)
        object.__setattr__(self, "kind", kind or KINDS.get(checked.ndim, "table"))
        object.__setattr__(self, "names", None if names is None else tuple(map(str, names)))
        if self.names is not None and len(self.names) != self.parts:
            raise RequestError(f"A map of {self.parts} parts takes as many names; received {len(self.names)}.")

    @property
    def parts(self) -> int:
        """K, the number of parts."""
        return int(self.labels.max()) + 1

    def check(self, shape: tuple[int, ...]) -> None:
        """Errors: RequestError where the labels are not those of an input of this shape."""
        right = shape[: self.labels.ndim]
        if self.labels.shape != right:
            raise RequestError(f"The map has the shape {self.labels.shape}; for this {self.kind} it is {right}.")

    def apply(self, masks: NDArray[np.bool_], x: NDArray, baseline: NDArray) -> NDArray:
        """Masks (n, K), True where `x` is kept and False where `baseline` shows -> inputs (n, *x.shape)."""
        # Flat, channels included: many short inner loops would take several times as long. And by bits, not by choice
        # (np.where), which takes twice as long: a kept part's are all ones.
        labels = np.repeat(self.labels.ravel(), x.size // self.labels.size)
        word = np.dtype(f"i{x.itemsize}")
        shown, hidden = x.ravel().view(word), baseline.astype(x.dtype, copy=False).ravel().view(word)
        bits = (-np.take(masks.view(np.int8), labels, axis=1)).astype(word, copy=False)
        bits &= shown ^ hidden
        bits ^= hidden
        return bits.view(x.dtype).reshape(len(masks), *x.shape)

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


def grid(shape: Sequence[int], cells: int | Sequence[int] = 7) -> Map:
    """A grid over an image (H, W, ...), numbered row by row; over a video too where `cells` are three: t, y, x.

    Sides that `cells` does not divide give boxes that differ by one; a side shorter than `cells` is cut into single
    elements. Errors: RequestError.
    """
    counts = (cells, cells) if isinstance(cells, int) else tuple(cells)
    if len(counts) not in (2, 3) or min(counts) < 1:
        raise RequestError(f"A grid has at least one cell a side, of two sides or three; received cells={cells}.")
    if len(shape) < len(counts) or min(shape[: len(counts)]) < 1:
        covers = "(height, width)" if len(counts) == 2 else "(time, height, width)"
        raise RequestError(f"A grid covers {covers}, each at least 1; received the shape {tuple(shape)}.")
    sides = list(shape[: len(counts)])
    counts = tuple(min(pair) for pair in zip(counts, sides, strict=True))
    index = np.indices(sides)
    boxes = [i * count // side for i, count, side in zip(index, counts, sides, strict=True)]
    return Map(np.ravel_multi_index(boxes, counts))


def columns(x: ArrayLike, names: Sequence[str] | None = None) -> Map:
    """Each column of a table's row (F,) a part."""
    return Map(np.arange(len(np.asarray(x))), names=names)


def tokens(x: ArrayLike, names: Sequence[str] | None = None) -> Map:
    """Each place of a token sequence, integers (T,), a part; `names` are the words."""
    return Map(np.arange(len(np.asarray(x))), kind="tokens", names=names)


def stretches(shape: Sequence[int], count: int = 20) -> Map:
    """`count` stretches of a signal (T,) or (T, C), equally long but for one sample. Errors: RequestError."""
    if not shape or not 1 <= count <= shape[0]:
        raise RequestError(f"A signal of the shape {tuple(shape)} has no {count} stretches. Give 1 to its length.")
    return Map(np.arange(shape[0]) * count // shape[0], kind="signal")


def _checked(labels: NDArray) -> NDArray[np.int64]:
    if labels.size == 0 or labels.ndim == 0 or not np.issubdtype(labels.dtype, np.integer):
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

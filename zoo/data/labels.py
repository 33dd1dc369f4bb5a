"""Labels and words: classes and texts as numbers."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from zoo.core import features
from zoo.core.features import Feature
from zoo.data.errors import DataError

_WORDS, _LENGTH = 10_000, 256
"""Words that a vocabulary has at most, and that a text keeps."""


def checked(labels: np.ndarray, count: int, what: str) -> np.ndarray:
    """Labels (N,) or (N, 1) as int64 (N,).

    Errors: DataError unless they are one whole number, 0 to K - 1, for each of `count` examples.
    """
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape != (count,):
        hot = " These look one-hot: use argmax(axis=1)." if labels.ndim == 2 and len(labels) == count else ""
        raise DataError(f"The labels of {what} have the shape {labels.shape}; {(count,)} fits its examples.{hot}")
    whole = labels.dtype.kind in "iub" or (labels.dtype.kind == "f" and np.all(labels == np.rint(labels)))
    if not whole or labels.min() < 0 or labels.max() >= count:
        raise DataError(
            f"The labels of {what} are not numbers 0 to K - 1 (type {labels.dtype}, first {labels[0]!s}). "
            "np.unique(labels, return_inverse=True)[1] makes them so."
        )
    return labels.astype(np.int64)


def classes(labels: np.ndarray, count: int, what: str, names: Sequence[str] = ()) -> tuple[np.ndarray, Feature]:
    """Labels as int64 (N,), and the feature: numbers from 0, or the classes' names themselves as text.

    Args:
      names: of the classes; their numbers where there are none.

    Errors: DataError for what are no labels, and for fewer names than classes.
    """
    flat = labels.reshape(-1) if labels.shape == (count, 1) else labels
    if flat.dtype.kind in "USO" and flat.shape == (count,):
        texts = flat.astype(str)
        names = tuple(names) or tuple(sorted(set(texts.tolist())))
        unknown = sorted(set(texts.tolist()) - set(names))
        if unknown:
            raise DataError(f"{what} has the class {unknown[0]!r}, which is not one of {', '.join(names)}. Add it.")
        return np.array([names.index(text) for text in texts.tolist()], np.int64), features.label(names)
    numbers = checked(labels, count, what)
    highest = int(numbers.max())
    if names and highest >= len(names):
        raise DataError(f"{what} has labels to {highest} and names of {len(names)} classes. Give all names.")
    return numbers, features.label(tuple(names) or highest + 1)


def empty(sizes: np.ndarray, label: Feature) -> str:
    """What to say of classes without examples; `sizes` (K,) of them all. Empty where there are none."""
    missing = [name for name, size in zip(label.names, sizes, strict=True) if not size]
    if not missing:
        return ""
    more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
    return f"{len(missing)} of {len(label.names)} classes have no example: {', '.join(missing[:6])}{more}"


def tokens(texts: Sequence[str], learn: np.ndarray, length: int | None = None) -> tuple[np.ndarray, Feature]:
    """Texts as word numbers, int64 (N, T), and the feature; words are what whitespace parts, in lower case.

    The vocabulary is the 10,000 most frequent words of the training texts. T is the longest text's, 256 at most.

    Args:
      learn: which texts are trained on, bool (N,).
      length: T, where it is known.
    """
    split = [text.encode().lower().split() for text in texts]
    counts = Counter(word for words, used in zip(split, learn.tolist(), strict=True) if used for word in words)
    order = sorted(counts, key=lambda word: (-counts[word], word))[:_WORDS]
    side = length or max(1, min(_LENGTH, max(map(len, split), default=1)))
    feature = features.tokens(side, [word.decode() for word in order])
    number = {word: i + 1 for i, word in enumerate(order)}
    out = np.zeros((len(split), side), np.int64)
    for row, words in zip(out, split, strict=True):
        row[: len(words[:side])] = [number.get(word, 0) for word in words[:side]]
    return out, feature

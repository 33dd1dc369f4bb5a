"""Square crops of the colour photographs that come with scikit-image and scikit-learn."""

import numpy as np

from zoo.data.dataset import Examples, joined, package

SIDE = 64
TRAIN = ("chelsea", "coffee", "flower.jpg", "hubble_deep_field", "immunohistochemistry", "retina", "rocket")
TEST = ("astronaut", "china.jpg")
"""Photographs of which no crop is learnt from."""
_CROPS = {"train": 600, "test": 64}
"""Of each photograph."""


def photos() -> Examples:
    """4,200 crops of seven photographs to learn from and 128 of two others to test on, uint8 (N, 64, 64, 3).

    No labels. Always the same crops. Errors: DataError where a package is missing.
    """
    random = np.random.default_rng(0)
    train, test = (
        np.concatenate([_crops(_photo(name), _CROPS[part], random) for name in names])
        for part, names in (("train", TRAIN), ("test", TEST))
    )
    return joined((train, None), (test, None))


def _photo(name: str) -> np.ndarray:
    """uint8 (H, W, 3)."""
    if name.endswith(".jpg"):
        return np.asarray(package("sklearn.datasets", "scikit-learn").load_sample_image(name))
    return np.asarray(getattr(package("skimage.data", "scikit-image"), name)())


def _crops(photo: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Squares from anywhere in the photograph: uint8 (count, SIDE, SIDE, 3)."""
    corners = random.integers(0, np.array(photo.shape[:2]) - SIDE + 1, (count, 2))
    return np.stack([photo[top : top + SIDE, left : left + SIDE] for top, left in corners])

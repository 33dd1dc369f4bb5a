"""Two domains without pairs: two data sets, or one and what a known map makes of it.

    load("domains:mnist-5k+edges").train.batches(16, seed=0)

A batch has the first domain's examples in `x` and the second's in `other`. Under a known map, half of the training
examples go to either domain, so that no pair is learnt from; the test split is all pairs.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import tensorflow as tf

from zoo.core.model import Batch, Spec
from zoo.data.dataset import Data
from zoo.data.errors import DataError
from zoo.data.images import Format
from zoo.data.plan import Plan
from zoo.data.splits import Arrays, Split


def inverse(x: np.ndarray) -> np.ndarray:
    """Black for white: images in [-1, 1], negated."""
    return -x


def edges(x: np.ndarray) -> np.ndarray:
    """The gradient's length by Sobel's kernels, images (N, H, W, C) in [-1, 1]; a step of half the range is white."""
    slopes = tf.image.sobel_edges(tf.constant(x)) / 4.0
    return tf.clip_by_value(2.0 * tf.norm(slopes, axis=-1) - 1.0, -1.0, 1.0).numpy()


MAPS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {"edges": edges, "inverse": inverse}
"""Of images (N, H, W, C) in [-1, 1]."""


@final
@dataclass(frozen=True, eq=False)
class Domains(Split):
    """Examples of two domains side by side. An epoch is the first's.

    Attributes:
      paired: row i of one belongs to row i of the other, and they come in one order. Otherwise each has its own.
    """

    first: Split
    second: Split
    paired: bool

    @property
    def count(self) -> int:
        """How many the first domain has."""
        return self.first.count

    def arrays(self, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The first domain's; see Split."""
        return self.first.arrays(limit)

    def _dataset(self, plan: Plan) -> tf.data.Dataset:
        own = plan if self.paired else dataclasses.replace(plan, count=self.second.count, seed=plan.seed + 1)
        both = tf.data.Dataset.zip(self.first._dataset(plan), self.second._dataset(own))
        return both.map(lambda one, two: Batch(one.x, one.label, two.x))


def load(name: str, form: Format, load_one: Callable[[str, Format], Data]) -> Data:
    """FIRST+SECOND: a data set, and another one or a name of MAPS. Labels are the first's.

    The second set is brought to the size and colours of the first. Errors: DataError.
    """
    first, plus, second = name.rpartition("+")
    if not plus or not first or not second:
        raise DataError(f"domains:{name} names no two domains. Write domains:mnist-5k+edges, or domains:FOLDER+FOLDER.")
    one = load_one(first, form)
    if len(one.spec.shape) != 3:
        raise DataError(f"{first} has examples of shape {one.spec.shape}; domains are of images. Choose another set.")
    height, width, channels = one.spec.shape
    if second in MAPS:
        train, test = _mapped(one, MAPS[second])
    else:
        two = load_one(second, Format((height, width), channels))
        train, test = Domains(one.train, two.train, paired=False), Domains(one.test, two.test, paired=False)
    spec = Spec(one.spec.shape, one.spec.classes, one.spec.shape)
    return Data(f"domains:{name}", spec, train, test, one.class_names)


def _mapped(data: Data, change: Callable[[np.ndarray], np.ndarray]) -> tuple[Domains, Domains]:
    """Every second training example for either domain, and test examples with their own images under the map."""
    x, labels = data.train.arrays()
    held, held_labels = data.test.arrays()
    train = Domains(Arrays(x[::2], labels[::2]), Arrays(change(x[1::2]), labels[1::2]), paired=False)
    return train, Domains(Arrays(held, held_labels), Arrays(change(held), held_labels), paired=True)

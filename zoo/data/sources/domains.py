"""Two domains without pairs: two data sets, or one and what a known map makes of it.

    load("domains:mnist-5k+edges").train.batches(16, seed=0)

An example has the features `a` and `b`, and the first domain's label where that has one. Under a known map, half of
the training examples go to each domain, so that no pair is learnt from; the test split is all pairs.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import tensorflow as tf

from zoo.core.features import Spec
from zoo.data.dataset import Data, Notes
from zoo.data.errors import DataError
from zoo.data.form import Format
from zoo.data.plan import Plan
from zoo.data.splits import Arrays, Split


def inverse(x: np.ndarray) -> np.ndarray:
    """Black for white: images in [-1, 1], negated."""
    return -x


def edges(x: np.ndarray) -> np.ndarray:
    """The gradient's length by Sobel's kernels, images (N, H, W, C) in [-1, 1]; a step of half the range is white."""
    slopes = tf.image.sobel_edges(tf.constant(x)) / 4.0
    lengths: np.ndarray = tf.clip_by_value(2.0 * tf.norm(slopes, axis=-1) - 1.0, -1.0, 1.0).numpy()
    return lengths


MAPS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {"edges": edges, "inverse": inverse}
"""Of images (N, H, W, C) in [-1, 1]."""


@final
@dataclass(frozen=True, eq=False)
class Domains(Split):
    """Images of two domains, as the features `a` and `b`. An epoch is the first domain's.

    Attributes:
      first, second: with a feature `image` each. Labels are the first's.
      paired: row i of one belongs to row i of the other, and they come in one order. Otherwise each has its own.
    """

    first: Split
    second: Split
    paired: bool

    @property
    def count(self) -> int:
        """How many the first domain has."""
        return self.first.count

    def arrays(self, limit: int | None = None) -> dict[str, np.ndarray]:
        """See Split. Where the domains are not paired and there is no limit, `a` and `b` may differ in length."""
        return _side_by_side(self.first.arrays(limit), self.second.arrays(limit))

    def labels(self) -> np.ndarray | None:
        """The first domain's."""
        return self.first.labels()

    def identity(self) -> bytes:
        """See Split."""
        return self.first.identity() + self.second.identity()

    def _dataset(self, plan: Plan) -> tf.data.Dataset:
        own = plan if self.paired else dataclasses.replace(plan, count=self.second.count, seed=plan.seed + 1)
        return tf.data.Dataset.zip(self.first._dataset(plan), self.second._dataset(own)).map(_side_by_side)


def _side_by_side(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    others = {name: x for name, x in first.items() if name != "image"}
    return {"a": first["image"], "b": second["image"], **others}


def load(name: str, form: Format, load_one: Callable[[str, Format], Data]) -> Data:
    """FIRST+SECOND: a data set, and another one or a name of MAPS. Labels are the first's.

    The second set is brought to the size and colours of the first. Errors: DataError.
    """
    first, plus, second = name.rpartition("+")
    if not plus or not first or not second:
        raise DataError(f"domains:{name} names no two domains. Write domains:mnist-5k+edges, or domains:FOLDER+FOLDER.")
    one = load_one(first, form)
    if one.spec.targets != ("image",):
        raise DataError(f"{first} has {one.spec.feature.describe()}; domains are of images. Choose another set.")
    height, width, channels = one.spec.shape
    if second in MAPS:
        train, test = _mapped(one, MAPS[second])
        return Data(f"domains:{name}", _spec(one.spec), train, test, one.notes)
    two = load_one(second, dataclasses.replace(form, size=(height, width), channels=channels))
    if two.spec.targets != ("image",):
        raise DataError(f"{second} has {two.spec.feature.describe()}; domains are of images. Choose another set.")
    return combined(f"domains:{name}", one, two)


def combined(name: str, one: Data, two: Data) -> Data:
    """Two sets of images of one shape as two domains without pairs."""
    train, test = (
        Domains(first, second, paired=False) for first, second in ((one.train, two.train), (one.test, two.test))
    )
    warnings = (*one.notes.warnings, *two.notes.warnings)
    left_out = (*one.notes.left_out, *two.notes.left_out)
    return Data(name, _spec(one.spec), train, test, Notes(one.notes.values, left_out, warnings))


def _spec(one: Spec) -> Spec:
    others = {key: f for key, f in one.features.items() if key != "image"}
    return Spec({"a": one.feature, "b": one.feature, **others}, ("a", "b"), one.condition)


def _mapped(data: Data, change: Callable[[np.ndarray], np.ndarray]) -> tuple[Domains, Domains]:
    """Every second training example for either domain, and test examples with their own images under the map."""
    learn, held = data.train.arrays(), data.test.arrays()
    odd = {"image": change(learn["image"][1::2])}
    train = Domains(Arrays({key: x[::2] for key, x in learn.items()}), Arrays(odd), paired=False)
    return train, Domains(Arrays(held), Arrays({"image": change(held["image"])}), paired=True)

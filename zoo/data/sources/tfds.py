"""Sets of tensorflow-datasets, as tfds:NAME."""

from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from serving.protocol import extras
from zoo.core import features as kinds
from zoo.core.features import Spec
from zoo.data.dataset import Data
from zoo.data.errors import DataError
from zoo.data.form import Format, Shape
from zoo.data.images import conform
from zoo.data.splits import held_out
from zoo.data.stream import Stream


def load(name: str, form: Format) -> Data:
    """The images of a tensorflow-datasets name (NAME, NAME/CONFIG, NAME:VERSION), prepared first if need be.

    Its `train` split, and its `test` or every tenth example of each class. Errors: DataError.
    """
    form.only("image", f"tfds:{name}")
    builder = _builder(name)
    features = builder.info.features
    image = _only_image(name, features)
    label = "label" if "label" in features and getattr(features["label"], "num_classes", None) else None
    shape = _shape(name, features[image].shape, form)
    _prepare(name, builder)
    train, test = (_encoded(builder, split, image, label) for split in ("train", "test"))
    if train is None:
        raise DataError(
            f"tfds:{name} has no split `train`; it has {', '.join(builder.info.splits)}. Choose another set."
        )
    if test is None:
        numbers = _labels(train) if label else None
        mask = held_out(numbers, _count(train) if numbers is None else len(numbers))
        train, test = _kept(train, ~mask), _kept(train, mask)
    read = partial(_read, name=name, shape=shape, form=form)
    learn, held = (Stream(rows, read, _count(rows), "image", shape) for rows in (train, test))
    names = tuple(features[label].names) if label else ()
    return Data(f"tfds:{name}", Spec.of(kinds.image(*shape), names), learn, held)


def _builder(name: str) -> Any:
    try:
        import tensorflow_datasets as tfds
    except ImportError:
        raise DataError(f"tfds:{name} needs tensorflow-datasets. Install it: {extras.line('tfds')}") from None
    try:
        return tfds.builder(name)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        raise DataError(
            f"tensorflow-datasets has no {name!r} ({_first_line(error)}). See tfds.list_builders()."
        ) from None


def _prepare(name: str, builder: Any) -> None:
    try:
        builder.download_and_prepare()
    except ImportError as error:
        raise DataError(f"tfds:{name} needs another package ({error}). Install it with pip.") from None
    except Exception as error:  # whatever a set's own preparation raises
        raise DataError(
            f"tfds:{name} could not be prepared in {builder.data_dir} ({type(error).__name__}: "
            f"{_first_line(error)}). It needs a network once; or set TFDS_DATA_DIR to a prepared set's."
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no message").splitlines()[0][:200]


def _only_image(name: str, features: Any) -> str:
    import tensorflow_datasets as tfds

    image = tfds.features.Image
    found = [key for key, f in features.items() if isinstance(f, image) and f.dtype != np.float32]
    if "image" in found or len(found) == 1:
        return "image" if "image" in found else found[0]
    raise DataError(f"tfds:{name} has no feature `image`; it has {', '.join(features)}. Choose a set of images.")


def _shape(name: str, declared: tuple[int | None, ...], form: Format) -> Shape:
    if None in declared[:2] and form.size is None:
        raise DataError(f"The images of tfds:{name} have different sizes. Give one for all, as in size=64.")
    height, width = form.size or declared[:2]
    channels = form.channels or (1 if declared[2] == 1 else 3)
    return int(height or 0), int(width or 0), channels


def _encoded(builder: Any, split: str, image: str, label: str | None) -> tf.data.Dataset | None:
    """`image`, encoded, and `label`, int64, where there is one, always in the same order; None without this split."""
    import tensorflow_datasets as tfds

    try:
        rows = builder.as_dataset(
            split=split,
            decoders={image: tfds.decode.SkipDecoding()},
            shuffle_files=False,
            read_config=tfds.ReadConfig(try_autocache=False),
        )
    except ValueError:
        return None
    if label is None:
        return rows.map(lambda row: {"image": row[image]})
    return rows.map(lambda row: {"image": row[image], "label": tf.cast(row[label], tf.int64)})


def _labels(rows: tf.data.Dataset) -> np.ndarray:
    return np.array(list(rows.map(lambda row: row["label"]).as_numpy_iterator()), np.int64)


def _kept(rows: tf.data.Dataset, mask: np.ndarray) -> tf.data.Dataset:
    keep = tf.constant(mask)
    kept = rows.enumerate().filter(lambda place, _: keep[place]).map(lambda _, row: row)
    return kept.apply(tf.data.experimental.assert_cardinality(int(mask.sum())))


def _count(rows: tf.data.Dataset) -> int:
    known = int(rows.cardinality())
    return known if known >= 0 else int(rows.reduce(np.int64(0), lambda n, _: n + 1))


def _read(data: bytes, name: str, shape: Shape, form: Format) -> np.ndarray:
    return conform(form.decode(data, f"An image of tfds:{name}", 4 if shape[2] == 4 else None), shape)

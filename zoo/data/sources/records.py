"""TFRecords of tf.train.Example."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from zoo.core.features import image
from zoo.data.dataset import Data, Notes, chosen, spec_of, without_examples
from zoo.data.errors import DataError
from zoo.data.form import Format, Shape
from zoo.data.images import conform
from zoo.data.splits import Disk, held_out

_HEADER, _FOOTER = 12, 4
"""Bytes around a record: its length and that length's checksum before it, its own checksum after it."""


class Address(NamedTuple):
    """Where a record is: its bytes in the file, and its number there for messages."""

    path: str
    offset: int
    length: int
    number: int

    def __str__(self) -> str:
        return f"record {self.number} of {self.path}"


def load(name: str, paths: Sequence[Path], form: Format) -> Data:
    """TFRecord files with the features `image` (an encoded image) or `image_raw` (uint8, with `height`,
    `width`, `channels`), and, optionally, `label` (int64).

    Every record is read once now, its checksum verified and its address kept, so that later any record can be
    read alone. Errors: DataError, which names the file and the record.
    """
    addresses: list[Address] = []
    headers: list[tuple[str, Shape]] = []
    labels: list[int] = []
    for address, data in _records(paths):
        features = _features(data, address)
        addresses.append(address)
        headers.append((str(address), _shape(features, address)))
        labels.extend(features.get("label", ())[:1])
    if not addresses:
        raise DataError(f"{name} has no records. Write some with tf.io.TFRecordWriter.")
    if len(labels) not in (0, len(addresses)):
        raise DataError(f"Only {len(labels)} of the {len(addresses)} records of {name} have a label. Give all or none.")
    shape = form.shape(headers)
    numbers = checked(np.array(labels), len(addresses), name) if labels else None
    test = held_out(numbers, len(addresses))
    read = partial(_read, shape=shape)
    train, held = (
        Disk(chosen(addresses, rows), read, "image", shape, others={} if numbers is None else {"label": numbers[rows]})
        for rows in (~test, test)
    )
    return Data(name, spec_of(image(*shape), numbers), train, held)


def _records(paths: Sequence[Path]) -> Iterator[tuple[Address, bytes]]:
    for path in paths:
        offset = 0
        try:
            for number, data in enumerate(tf.data.TFRecordDataset(str(path)).as_numpy_iterator()):
                yield Address(str(path), offset + _HEADER, len(data), number), data
                offset += _HEADER + len(data) + _FOOTER
            broken = "" if offset == path.stat().st_size else "an incomplete record"
        except tf.errors.OpError as error:
            broken = error.message.splitlines()[0][:120]
        if broken:
            raise DataError(
                f"{path} is not a whole, uncompressed TFRecord file: it breaks at byte {offset} ({broken}). "
                "Unpack it (gunzip), or write it again."
            )


def _features(data: bytes, address: Address) -> dict[str, Any]:
    """The values of an Example's features by name."""
    try:
        feature = tf.train.Example.FromString(data).features.feature
    except DecodeError as error:
        raise DataError(f"{address} is not a tf.train.Example ({error}). Write it again.") from None
    return {key: getattr(f, f.WhichOneof("kind")).value for key, f in feature.items() if f.WhichOneof("kind")}


def _shape(features: dict[str, Any], address: Address) -> Shape:
    if "image_raw" in features:
        height, width, channels = _raw(features, address).shape
        return height, width, channels
    return header(_bytes(features, address), str(address))


def _bytes(features: dict[str, Any], address: Address, key: str = "image") -> bytes:
    values = features.get(key, ())
    if len(values) != 1 or not isinstance(values[0], bytes):
        raise DataError(
            f"{address} has no image; its features are {sorted(features) or 'none'}. Write one as `image` "
            "(PNG or JPEG bytes), or as `image_raw` with `height`, `width` and `channels`."
        )
    return values[0]


def _raw(features: dict[str, Any], address: Address) -> np.ndarray:
    """The view (H, W, C) of an `image_raw`."""
    data = _bytes(features, address, "image_raw")
    shape = tuple(int(features[key][0]) if features.get(key) else 0 for key in ("height", "width", "channels"))
    if len(data) != np.prod(shape) or shape[2] not in (1, 3):
        raise DataError(
            f"{address} has {len(data)} bytes of image_raw for height, width, channels = {shape}; "
            "their product is expected, with 1 or 3 channels. Write it again."
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _read(address: Address, shape: Shape) -> np.ndarray:
    try:
        with open(address.path, "rb") as file:
            file.seek(address.offset)
            features = _features(file.read(address.length), address)
    except OSError as error:
        raise DataError(f"{address} cannot be read any more ({error}). Put the file back.") from None
    if "image_raw" in features:
        return conform(_raw(features, address), shape)
    return conform(decode(_bytes(features, address), str(address)), shape)

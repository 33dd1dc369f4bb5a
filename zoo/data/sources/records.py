"""TFRecords of tf.train.Example."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from serving.protocol import examples, records
from serving.protocol.errors import InvalidRequest
from zoo.core.features import Feature, image
from zoo.data import labels
from zoo.data.dataset import Data, Notes, chosen, spec_of, told, without_examples
from zoo.data.errors import DataError, many
from zoo.data.form import Format, Shape
from zoo.data.images import conform, dark
from zoo.data.sources import tree
from zoo.data.splits import Disk, held_out

_USED = ("image", "image_raw", "height", "width", "channels", "label", "caption")
"""Features of a record that have a meaning here."""


def load(name: str, paths: Sequence[Path], form: Format) -> Data:
    """TFRecord files with the features `image` (an encoded image) or `image_raw` (uint8, with `height`,
    `width`, `channels`), and, optionally, `label` (int64) and `caption` (text).

    Every record is read once now, its checksum verified and its address kept, so that later any record can be
    read alone. Errors: DataError, which names the file and the record.
    """
    form.only("image", name)
    found, broken = _scanned(paths, form)
    if broken and not form.skip_broken:
        tree.refuse(broken, len(found) + len(broken))
    if not found:
        raise DataError(f"{name} has no records. Write some with tf.io.TFRecordWriter.")
    made = _data(name, found, form)
    ahead = [split.read_ahead() for split in (made.train, made.test) if isinstance(split, Disk)]
    late = {source: error for seen in ahead for source, error in seen.broken}
    if late and not form.skip_broken:
        tree.refuse(list(late.values()), len(found))
    if late:
        made = _data(name, [row for row in found if row.address not in late], form)
    skipped = len(broken) + len(late)
    low, high = min(seen.low for seen in ahead), max(seen.high for seen in ahead)
    left_out = sorted({key for row in found for key in row.others})
    said = [many(skipped, "broken record")] if skipped else []
    warnings = told("" if form.span else dark(high))
    known = [x for x in (made.train.labels(), made.test.labels()) if x is not None]
    warnings += without_examples(made.spec, np.concatenate(known) if known else None)
    return dataclasses.replace(made, notes=Notes((low, high), tuple(said + left_out), warnings))


@dataclasses.dataclass(frozen=True)
class _Row:
    """What is kept of a record: its address, its image's shape, its label, its caption, the names of other features."""

    address: records.Address
    shape: Shape
    label: int | None
    caption: str | None
    others: frozenset[str]


def _scanned(paths: Sequence[Path], form: Format) -> tuple[list[_Row], list[DataError]]:
    rows: list[_Row] = []
    broken: list[DataError] = []
    for path in paths:
        try:
            for address, data in records.scan(path):
                try:
                    rows.append(_row(address, data, form))
                except DataError as error:
                    broken.append(error)
        except (records.BrokenRecord, OSError) as error:
            broken.append(DataError(str(error)))
    return rows, broken


def _row(address: records.Address, data: bytes, form: Format) -> _Row:
    found = _features(data, address)
    label = int(found["label"][0]) if len(found.get("label", ())) else None
    caption = bytes(found["caption"][0]).decode(errors="replace") if len(found.get("caption", ())) else None
    return _Row(address, _shape(found, address, form), label, caption, frozenset(found) - set(_USED))


def _data(name: str, rows: Sequence[_Row], form: Format) -> Data:
    shape = form.shape((str(row.address), row.shape) for row in rows)
    marks, count = [f"{row.address.number} {row.address.length}" for row in rows], len(rows)
    others: dict[str, np.ndarray] = {}
    features: dict[str, Feature] = {}
    given = _all_or_none([row.label for row in rows], "label", name)
    if given:
        others["label"], features["label"] = labels.classes(np.array(given), count, name, form.names)
    test = held_out(others.get("label"), count)
    texts = _all_or_none([row.caption for row in rows], "caption", name)
    if texts:
        others["caption"], features["caption"] = labels.tokens(texts, ~test)
    read = partial(_read, shape=shape, form=form)
    addresses = [row.address for row in rows]
    train, held = (
        Disk(
            chosen(addresses, side), read, "image", shape,
            others={key: x[side] for key, x in others.items()}, marks=chosen(marks, side),
        )
        for side in (~test, test)
    )  # fmt: skip
    return Data(name, spec_of(image(*shape), features), train, held)


def _all_or_none(values: Sequence[Any], what: str, name: str) -> list[Any]:
    given = [value for value in values if value is not None]
    if len(given) not in (0, len(values)):
        raise DataError(f"Only {len(given)} of the {len(values)} records of {name} have a {what}. Give all or none.")
    return given


def _features(data: bytes, address: records.Address) -> dict[str, Any]:
    """The values of an Example's features by name."""
    try:
        return examples.features(data)
    except InvalidRequest as error:
        raise DataError(f"{address} is not a tf.train.Example ({error}). Write it again.") from None


def _shape(features: dict[str, Any], address: records.Address, form: Format) -> Shape:
    if "image_raw" in features:
        height, width, channels = _raw(features, address).shape
        return height, width, channels
    return form.header(_bytes(features, address), str(address)).shape


def _bytes(features: dict[str, Any], address: records.Address, key: str = "image") -> bytes:
    values = features.get(key, ())
    if len(values) != 1 or not isinstance(values[0], bytes):
        raise DataError(
            f"{address} has no image; its features are {sorted(features) or 'none'}. Write one as `image` "
            "(PNG or JPEG bytes), or as `image_raw` with `height`, `width` and `channels`."
        )
    return values[0]


def _raw(features: dict[str, Any], address: records.Address) -> np.ndarray:
    """The view (H, W, C) of an `image_raw`."""
    data = _bytes(features, address, "image_raw")
    shape = tuple(int(features[key][0]) if len(features.get(key, ())) else 0 for key in ("height", "width", "channels"))
    if len(data) != np.prod(shape) or shape[2] not in (1, 3, 4):
        raise DataError(
            f"{address} has {len(data)} bytes of image_raw for height, width, channels = {shape}; "
            "their product is expected, with 1, 3 or 4 channels. Write it again."
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _read(address: records.Address, shape: Shape, form: Format) -> np.ndarray:
    try:
        (data,) = records.read([address])
    except (OSError, records.BrokenRecord) as error:
        raise DataError(f"{address} cannot be read any more ({error}). Put the file back.") from None
    features = _features(data, address)
    if "image_raw" in features:
        return conform(_raw(features, address), shape)
    return conform(form.decode(_bytes(features, address), str(address), 4 if shape[2] == 4 else None), shape)

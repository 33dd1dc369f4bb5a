"""An evaluator and its file: weights as float16, and a record of their training."""

import hashlib
import json
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf

from serving.protocol.files import write_whole
from zoo.core.errors import UserError
from zoo.data.images import conform
from zoo.evaluation.evaluators.network import classifier
from zoo.evaluation.metrics.bootstrap import Estimate

_CHUNK = 256
"""Images at a time: memory is flat in their number."""
UNMEASURED = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Record:
    """How an evaluator was trained.

    Attributes:
      name: the data's.
      shape: (H, W, C) of the images that it takes; others are converted.
      class_names: in the order of the logits.
      command: that trains it again.
      accuracy: on the test split.
      floor: the Fréchet distance between two random halves of the test split, where there is no difference: the mean
        and the 95 % range over many such halves, of n rows each.
      versions: of the packages that trained it.
    """

    name: str
    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    command: str
    accuracy: Estimate = UNMEASURED
    floor: Estimate = UNMEASURED
    versions: Mapping[str, str] = field(default_factory=dict)


@final
class Evaluator:
    """A classifier of images, and its features: the units of its last hidden layer.

    Images (..., H, W, C) in [-1, 1] of any size, grey or colour; further axes in front, such as a video's time, stay.
    `zoo.data.images.conform` converts them: colour to grey by luma (a grey evaluator does not see colour), grey to
    colour by three equal channels, sizes by bilinear interpolation with antialiasing.

    Args:
      network: images (B, *shape) -> features (B, D), logits (B, K).

    Attributes:
      hash: SHA-256 of the weights: only scores of the same hash can be compared.
    """

    def __init__(self, record: Record, network: keras.Model) -> None:
        self.record, self.network = record, network
        self.hash = _digest(network.get_weights())
        self._call = tf.function(
            lambda x: network(x, training=False), input_signature=[tf.TensorSpec((None, *record.shape))]
        )

    @property
    def name(self) -> str:
        """The name of the data that it was trained on."""
        return self.record.name

    @property
    def identity(self) -> str:
        """What a protocol has of it: NAME HASH."""
        return f"{self.name} {self.hash}"

    @property
    def classes(self) -> int:
        """How many it distinguishes."""
        return len(self.record.class_names)

    @property
    def accuracy(self) -> Estimate:
        """On the test split."""
        return self.record.accuracy

    @property
    def floor(self) -> Estimate:
        """The Fréchet distance between two halves of the test split: see Record."""
        return self.record.floor

    def features(self, x: np.ndarray) -> np.ndarray:
        """Images (..., H, W, C) in [-1, 1] -> float32 (..., D)."""
        return self._both(x)[0]

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Images (..., H, W, C) in [-1, 1] -> float32 (..., K)."""
        return self._both(x)[1]

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Images (..., H, W, C) in [-1, 1] -> float32 (..., K), which sum to 1."""
        return np.asarray(tf.nn.softmax(self.logits(x)).numpy())

    def labels(self, x: np.ndarray) -> np.ndarray:
        """Images (..., H, W, C) in [-1, 1] -> the most likely class, int64 (...)."""
        return np.asarray(self.logits(x).argmax(axis=-1))

    def _both(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if x.ndim < 4 or x.shape[-1] not in (1, 3) or not x.size:
            raise UserError(f"An evaluator takes images (..., H, W, 1 or 3), at least one; received {x.shape}.")
        flat = x.reshape(-1, *x.shape[-3:])
        chunks = [
            self._call(conform(np.asarray(flat[i : i + _CHUNK], np.float32), self.record.shape))
            for i in range(0, len(flat), _CHUNK)
        ]
        features, logits = (np.concatenate(parts).reshape(*x.shape[:-3], -1) for parts in zip(*chunks, strict=True))
        return features, logits


def write(path: Path, evaluator: Evaluator) -> None:
    """Writes an .npz from which `read` makes the same evaluator. Weights are kept as float16."""
    weights = {f"w{i:02}": w.astype(np.float16) for i, w in enumerate(evaluator.network.get_weights())}
    about = json.dumps({**evaluator.record.__dict__, "hash": evaluator.hash})
    file = BytesIO()
    np.savez_compressed(file, allow_pickle=False, about=np.array(about), **weights)
    write_whole(path, file.getvalue())


def read(path: Path) -> Evaluator:
    """The evaluator in a file that `write` wrote. Errors: UserError for another file, or changed weights."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            about = json.loads(str(archive["about"]))
            weights = [archive[key].astype(np.float32) for key in sorted(archive.files) if key != "about"]
        known, record = about.pop("hash"), _record(about)
        network = classifier(record.shape, len(record.class_names))
        network.set_weights(weights)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"{path} is not an evaluator ({error}). `zoo evaluator train DATA --out {path}` makes one."
        ) from None
    evaluator = Evaluator(record, network)
    if evaluator.hash != known:
        raise UserError(
            f"The weights in {path} were changed: their hash is {evaluator.hash[:12]}, not {known[:12]}. Train it "
            f"again: {record.command}"
        )
    return evaluator


def _record(about: Mapping[str, Any]) -> Record:
    tuples = {key: tuple(about[key]) for key in ("shape", "class_names")}
    return Record(**{**about, **tuples, **{key: Estimate(*about[key]) for key in ("accuracy", "floor")}})


def _digest(weights: Sequence[np.ndarray]) -> str:
    """SHA-256 of the arrays' shapes and values, float32 and little-endian, in order."""
    found = hashlib.sha256()
    for w in weights:
        found.update(str(w.shape).encode() + w.astype("<f4").tobytes())
    return found.hexdigest()

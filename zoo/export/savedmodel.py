"""A run -> `MODELS/NAME/VERSION/`, a SavedModel that TF Serving serves, written whole or not at all.

saved_model.pb, variables/                     the signatures of the family; the first is serving_default
assets.extra/tf_serving_warmup_requests        one request for each signature
assets.extra/model_card.json                   data, configuration, versions, losses, signatures, claims, scores
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from serving.protocol import protos, records, versions, wire
from zoo.core.conditions import example_values
from zoo.core.errors import Failure, UserError
from zoo.core.files import write_json
from zoo.core.model import GenerativeModel, Signature, wire_name
from zoo.export import card
from zoo.training import run

TOLERANCE = 1e-5
"""Largest difference between the Keras model and its SavedModel, relative to outputs above 1."""


class ExportError(Failure):
    """The SavedModel does not compute what the model computes. Nothing was written."""


def export(folder: Path, models: Path, name: str | None = None) -> Path:
    """Exports the run in `folder` as the next version of `models`/`name` (the model's own name if None).

    The SavedModel is loaded again the way TF Serving loads it and compared with the Keras model before the version
    appears. Errors: UserError, ExportError.
    """
    model, config = run.restore(folder)
    name = name or config.model
    if not name.replace("-", "").replace("_", "").isalnum():
        raise UserError(f"--name is made of letters, digits, - and _; received {name!r}.")
    home = models / name
    home.mkdir(parents=True, exist_ok=True)
    # TF Serving passes over names that are no numbers, so a half-written version cannot be served.
    scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=home))
    try:
        _write(model, scratch)
        extra = scratch / "assets.extra"
        extra.mkdir()
        _write_warmup(model, name, extra / "tf_serving_warmup_requests")
        write_json(scratch / card.CARD, card.content(model, config, folder, name))
        _compare(model, scratch)
        return _publish(scratch, home)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _publish(scratch: Path, home: Path) -> Path:
    """Renames to the next free version; another export may take a number first."""
    os.chmod(scratch, 0o755)
    while True:
        version = home / str(versions.following(home))
        try:
            scratch.rename(version)
            return version
        except OSError:
            if not version.exists():
                raise


def _write(model: GenerativeModel, folder: Path) -> None:
    archive = keras.export.ExportArchive()
    for network in model.networks:
        archive.track(network)
    for name, signature in model.signatures().items():
        archive.add_endpoint(name, _positional(signature), _named(signature.wire_inputs))
    archive.write_out(str(folder), verbose=False)


def _positional(signature: Signature) -> Callable[..., dict[str, tf.Tensor]]:
    """What Keras exports: a function of the tensors by position, whose specs carry their names."""
    names = list(signature.wire_inputs)
    return lambda *tensors: signature.serve(dict(zip(names, tensors, strict=True)))


def _named(specs: Mapping[str, tf.TensorSpec]) -> list[tf.TensorSpec]:
    return [tf.TensorSpec(s.shape, s.dtype, name=name) for name, s in specs.items()]


def example_inputs(signature: Signature, rows: int) -> dict[str, np.ndarray]:
    """A request's tensors, of so many rows, that the signature accepts."""
    tensors: dict[str, tf.Tensor] = {}
    for name, feature in signature.inputs.items():
        tensors |= feature.to_wire(wire_name(name, feature), example_values(feature, rows))
    return {key: value.numpy() for key, value in tensors.items()}


def _write_warmup(model: GenerativeModel, name: str, path: Path) -> None:
    with path.open("wb") as file:
        records.write(file, (_warmup(name, key, s) for key, s in model.signatures().items()))


def _warmup(name: str, key: str, signature: Signature) -> bytes:
    """A PredictionLog with a request of one row."""
    log = protos.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name, request.model_spec.signature_name = name, key
    for alias, value in example_inputs(signature, 1).items():
        request.inputs[alias].CopyFrom(wire.encode(value))
    return bytes(log.SerializeToString())


def _compare(model: GenerativeModel, folder: Path) -> None:
    """Loads the folder into a TF1 Session, the path that TF Serving takes, and compares every output."""
    examples = {key: example_inputs(signature, 3) for key, signature in model.signatures().items()}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
        served = {}
        for key, example in examples.items():
            definition = graph.signature_def[key]
            feeds = {definition.inputs[k].name: v for k, v in example.items()}
            served[key] = session.run({k: t.name for k, t in definition.outputs.items()}, feeds)
    for key, signature in model.signatures().items():
        expected = signature.serve({k: tf.constant(v) for k, v in examples[key].items()})
        for output, value in expected.items():
            off = _difference(served[key][output], value.numpy())
            if not off <= TOLERANCE:
                raise ExportError(
                    f"{key}:{output} of the SavedModel is {off:.3g} away from the model's. This is a bug of ours."
                )


def _difference(served: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference of numbers, relative to those above 1; of other values, the share that differs."""
    if expected.dtype.kind != "f":
        return float(np.mean(served != expected))
    return float(np.max(np.abs(served - expected) / np.maximum(1.0, np.abs(expected))))

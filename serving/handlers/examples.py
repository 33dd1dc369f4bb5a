"""Classify, Regress and MultiInference: signatures that take serialized tf.Examples, by TF Serving's rules."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from serving.protocol import protos, wire
from serving.protocol.errors import Code, error
from serving.protocol.signatures import Signature

if TYPE_CHECKING:
    from serving.models.saved_model import SavedModel

    WithExamples = protos.ClassificationRequest | protos.RegressionRequest | protos.MultiInferenceRequest

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"

Outputs = Mapping[str, NDArray[Any]]


def examples(request: "WithExamples") -> list[bytes]:
    """The serialized tf.Examples of an Input, each after the context, whose features it overrides."""
    kind = request.input.WhichOneof("kind")
    if kind is None:
        raise error(Code.INVALID_ARGUMENT, "Input is empty.")
    held = getattr(request.input, kind)
    # Concatenated messages parse as one merged message, in which the later of two values of a feature counts.
    context = held.context.SerializeToString() if kind == "example_list_with_context" else b""
    found = [context + example.SerializeToString() for example in held.examples]
    if not found:
        raise error(Code.INVALID_ARGUMENT, "Input is empty.")
    return found


def classify(model: "SavedModel", key: str, rows: Sequence[bytes], end: float | None) -> "protos.ClassificationResult":
    """tf.Examples -> ClassificationResult. `end` is a time.monotonic."""
    signature = _signature(model, key, f"No signature was found with the name: {key}")
    _check_classify(signature)
    wanted = [alias for alias in ("classes", "scores") if alias in signature.outputs]
    return _classifications(run(model, key, _feeds(rows), wanted, end), len(rows))


def regress(model: "SavedModel", key: str, rows: Sequence[bytes], end: float | None) -> "protos.RegressionResult":
    """tf.Examples -> RegressionResult. `end` is a time.monotonic."""
    signature = _signature(model, key, f"No signature was found with the name: {key}")
    _check_regress(signature)
    return _regressions(run(model, key, _feeds(rows), ["outputs"], end)["outputs"], len(rows))


METHODS: Mapping[str, tuple[Callable[..., Any], str]] = {
    CLASSIFY: (classify, "classification_result"),
    REGRESS: (regress, "regression_result"),
}
"""A signature's method -> the function that runs it, and its field in an InferenceResult."""


def check_tasks(model: "SavedModel", tasks: Sequence["protos.InferenceTask"]) -> None:
    """A MultiInferenceRequest's tasks. Errors: ServingError in TF Serving's order."""
    seen: set[str] = set()
    for task in tasks:
        if not task.model_spec.name:
            raise error(Code.INVALID_ARGUMENT, "Found ModelSpec with an empty model name.")
        if task.model_spec.name != tasks[0].model_spec.name:
            text = "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            raise error(Code.INVALID_ARGUMENT, text)
        key = task.model_spec.signature_name or "serving_default"
        if key in seen:
            raise error(Code.INVALID_ARGUMENT, f"Duplicate evaluation of signature: {key}")
        seen.add(key)
        signature = _signature(model, key, f"Requested signature not found in model graph: {key}")
        if task.method_name not in METHODS:
            raise error(Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}")
        (_check_classify if task.method_name == CLASSIFY else _check_regress)(signature)


def run(
    model: "SavedModel",
    key: str,
    inputs: Mapping[str, NDArray[Any]],
    wanted: Sequence[str],
    end: float | None,
) -> dict[str, NDArray[Any]]:
    """Runs a signature on arrays by alias, unless `end` (time.monotonic) has passed. Errors: ServingError."""
    left = None if end is None else end - time.monotonic()
    if left is not None and left <= 0:
        # A deliberate difference: TF Serving would still run it.
        raise error(Code.DEADLINE_EXCEEDED, "The deadline passed before the request was run.")
    return model.run(key, inputs, wanted, left)


@final
class Timed:
    """A version whose runs are timed: `ran` is called with the seconds of each successful run."""

    def __init__(self, model: "SavedModel", ran: Callable[[float], None]) -> None:
        self.signatures, self.parse = model.signatures, model.parse
        self._run, self._ran = model.run, ran

    def run(self, *args: Any) -> dict[str, NDArray[Any]]:
        """As SavedModel.run."""
        begun = time.perf_counter()
        outputs = self._run(*args)
        self._ran(time.perf_counter() - begun)
        return outputs


def _feeds(rows: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    return {"inputs": wire.as_array(list(rows))}


def _signature(model: "SavedModel", key: str, message: str) -> Signature:
    if key not in model.signatures:
        raise error(Code.INVALID_ARGUMENT, message)
    return model.signatures[key]


def _check_classify(signature: Signature) -> None:
    outputs = len(signature.outputs)
    if len(signature.inputs) != 1:
        raise error(Code.INVALID_ARGUMENT, "Expected one input Tensor.")
    if outputs not in (1, 2):
        raise error(Code.INVALID_ARGUMENT, f"Expected one or two output Tensors, found {outputs}")
    if "inputs" not in signature.inputs:
        raise error(Code.INVALID_ARGUMENT, f"No classification inputs found in SignatureDef: {_shown(signature)}")
    if not {"classes", "scores"} & set(signature.outputs):
        text = f"Expected classification signature outputs to contain classes or scores. Signature: {_shown(signature)}"
        raise error(Code.INVALID_ARGUMENT, text)


def _check_regress(signature: Signature) -> None:
    if len(signature.inputs) != 1:
        raise error(Code.INVALID_ARGUMENT, "Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise error(Code.INVALID_ARGUMENT, "Expected one output Tensor.")
    for alias, side, what in (("inputs", signature.inputs, "inputs"), ("outputs", signature.outputs, "outputs")):
        if alias not in side:
            raise error(Code.INVALID_ARGUMENT, f"No regression {what} found in SignatureDef: {_shown(signature)}")


def _shown(signature: Signature) -> str:
    return f"inputs {sorted(signature.inputs)}, outputs {sorted(signature.outputs)}"


def _classifications(outputs: Outputs, rows: int) -> "protos.ClassificationResult":
    for alias, kind in (("classes", np.object_), ("scores", np.float32)):
        if alias in outputs:
            _check_output(outputs[alias], alias, kind, rows)
    classes, scores = outputs.get("classes"), outputs.get("scores")
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        text = f"Tensors class and score should match in dim_size(1). Got {classes.shape[1]} vs. {scores.shape[1]}"
        raise error(Code.INVALID_ARGUMENT, text)
    result = protos.ClassificationResult()
    for row in range(rows):
        found = result.classifications.add()
        labels = [] if classes is None else classes[row].tolist()
        values = [] if scores is None else scores[row].tolist()
        for place in range(max(len(labels), len(values))):
            one = found.classes.add()
            if labels:
                one.label = labels[place]
            if values:
                one.score = values[place]
    return result


def _check_output(value: NDArray[Any], alias: str, kind: type, rows: int) -> None:
    if value.ndim != 2:
        text = f"Expected Tensor shape: [batch_size num_classes] but got {list(value.shape)}"
        raise error(Code.INVALID_ARGUMENT, text)
    if value.dtype != kind:
        wanted = "DT_STRING" if kind is np.object_ else "DT_FLOAT"
        raise error(Code.INVALID_ARGUMENT, f"Expected {alias} Tensor of {wanted}. Got: {_data_type(value)}")
    if len(value) != rows:
        raise error(Code.INVALID_ARGUMENT, f"Expected {alias} output batch size of {rows}. Got: {len(value)}")


def _regressions(value: NDArray[Any], rows: int) -> "protos.RegressionResult":
    if value.shape[:1] != (rows,):
        size = len(value) if value.ndim else 0
        raise error(Code.INVALID_ARGUMENT, f"Expected output batch size to be {rows}. Got: {size}")
    if value.shape not in ((rows,), (rows, 1)):
        text = f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {list(value.shape)}"
        raise error(Code.INVALID_ARGUMENT, text)
    if value.dtype != np.float32:
        raise error(Code.INVALID_ARGUMENT, f"Expected output Tensor of DT_FLOAT.  Got: {_data_type(value)}")
    result = protos.RegressionResult()
    for number in value.ravel().tolist():
        result.regressions.add(value=number)
    return result


def _data_type(value: NDArray[Any]) -> str:
    name = "string" if value.dtype == object else value.dtype.name
    return "DT_" + {"float32": "FLOAT", "float64": "DOUBLE"}.get(name, name.upper())

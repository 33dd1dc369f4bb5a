"""Predict: a signature over tensors, checked by TF Serving's rules in its order."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from serving.handlers import examples
from serving.protocol import protos
from serving.protocol.errors import Code, error
from serving.protocol.signatures import Signature

if TYPE_CHECKING:
    from serving.models.saved_model import SavedModel


def predict(model: "SavedModel", key: str, request: "protos.PredictRequest", end: float | None) -> dict[str, Any]:
    """Checks a PredictRequest in TF Serving's order, and runs it. `end` is the deadline in time.monotonic."""
    if key not in model.signatures:
        raise error(Code.FAILED_PRECONDITION, f'Serving signature key "{key}" not found.')
    signature = model.signatures[key]
    inputs = _inputs(model, signature, request)
    return examples.run(model, key, inputs, outputs(signature, request.output_filter), end)


def _inputs(model: "SavedModel", signature: Signature, request: "protos.PredictRequest") -> dict[str, Any]:
    sent, known, defaults = request.inputs, signature.inputs, signature.defaults
    if len(sent) > len(known) or (len(sent) < len(known) and not defaults):
        raise error(
            Code.INVALID_ARGUMENT,
            f"input size does not match signature: {len(sent)}!={len(known)} len({_set(sent)}) != len({_set(known)}). "
            f"Sent extra: {_set(set(sent) - set(known))}. Missing but required: {_set(set(known) - set(sent))}.",
        )
    inputs = {}
    for alias, spec in known.items():
        if alias not in sent and alias not in defaults:
            raise error(
                Code.INVALID_ARGUMENT,
                f"Signature input alias: {alias}(feed name: {spec.name}) not found in request and no default value "
                f"provided. Inputs expected to be in the request {_set(sent)}, or default input alias "
                f"set: {_names(defaults)}",
            )
        value = model.parse(sent[alias] if alias in sent else defaults[alias])
        if value is None:
            raise error(Code.INVALID_ARGUMENT, f"tensor parsing error: {alias}")
        inputs[alias] = value
    if any(alias not in known for alias in sent):
        used = _names(set(sent) & set(known))
        text = f"Inputs contains invalid name. Used request inputs: {used}, request input: {_names(sent)}"
        raise error(Code.INVALID_ARGUMENT, text)
    return inputs


def outputs(signature: Signature, output_filter: Sequence[str]) -> list[str]:
    """The outputs that a filter names, or all if it is empty. Errors: InvalidRequest."""
    wanted = list(output_filter)
    for place, alias in enumerate(wanted):
        if alias not in signature.outputs:
            raise error(
                Code.INVALID_ARGUMENT,
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set "
                f"{_set(signature.outputs)}.",
            )
        if alias in wanted[:place]:
            raise error(Code.INVALID_ARGUMENT, f"duplicate output tensor alias: {alias}")
    return wanted or list(signature.outputs)


def _names(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def _set(names: Iterable[str]) -> str:
    return "{" + _names(names) + "}"

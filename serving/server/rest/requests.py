"""The JSON of a REST request -> tensors and Examples, by TF Serving's rules and with its error messages."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.protocol import protos
from serving.protocol.errors import Code, ServingError, error
from serving.protocol.signatures import Signature
from serving.server.rest.values import invalid, is_base64, kind, malformed, show, tensor, to_bytes, utf8

_PARSE_ERRORS = {
    "Expecting value": "Invalid value.",
    "Extra data": "The document root must not be followed by other values.",
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
}


_HELD = {int: "int64", bool: "int64", float: "float", str: "bytes"}
"""The type of a feature's list by the type of its first value."""


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body. Errors: InvalidRequest."""
    if not body.strip():
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except json.JSONDecodeError as failure:
        text = _PARSE_ERRORS.get(failure.msg, failure.msg)
        raise invalid(f"JSON Parse error: {text} at offset: {failure.pos}") from None
    except UnicodeDecodeError as failure:
        raise invalid(f"JSON Parse error: Invalid encoding in string. at offset: {failure.start}") from None
    except RecursionError:
        raise invalid("JSON Parse error: Lists and objects are nested too deep.") from None
    except ValueError:  # an integer of thousands of digits
        raise invalid("JSON Parse error: Number too big to be stored in double.") from None
    if not isinstance(document, dict):
        raise malformed(document, "Is not object")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """The signature's name; empty for the default one. Errors: InvalidRequest."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise malformed(document, "not formatted correctly. 'signature_name' key must be a string value.")
    return name


def inputs(document: Mapping[str, Any], signature: Signature) -> tuple[dict[str, NDArray[Any]], bool]:
    """A predict request -> its tensors by alias, and whether it is in the row format.

    Errors: InvalidRequest, and Unsupported for types that JSON cannot represent.
    """
    if not signature.inputs:
        name = signature_name(document) or "DEFAULT"
        raise invalid(f"Failed to get input map for signature: {name}")
    if "instances" in document:
        if "inputs" in document:
            text = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
            raise malformed(document, text)
        return _rows(document, signature), True
    if "inputs" in document:
        return _columns(document["inputs"], signature), False
    raise invalid("Missing 'inputs' or 'instances' key")


def examples(document: Mapping[str, Any]) -> "protos.Input":
    """A classify or regress request -> a message Input. Errors: InvalidRequest."""
    given = document.get("examples")
    if "examples" not in document:
        raise malformed(document, "When method is classify, key 'examples' is expected and was not found")
    if not isinstance(given, list):
        raise malformed(document, "Expecting 'examples' value to be an list/array")
    if not given:
        raise malformed(document, "'examples' value is an empty array")
    made = protos.Input()
    if "context" in document:
        made.example_list_with_context.context.CopyFrom(_example(document["context"]))
        made.example_list_with_context.examples.extend(map(_example, given))
    else:
        made.example_list.examples.extend(map(_example, given))
    return made


def _rows(document: Mapping[str, Any], signature: Signature) -> dict[str, NDArray[Any]]:
    given = document["instances"]
    if not isinstance(given, list):
        raise malformed(document, "Excepting 'instances' to be an list/array")
    if not given:
        raise malformed(document, "No values in 'instances' array")
    named = _is_object(given[0])
    if not named and len(signature.inputs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    for i, item in enumerate(given):
        if named != _is_object(item):
            found = "Expecting object but got list" if named else "Expecting value/list but got object"
            raise invalid(f"{found} at item {i} of input list")
        if named and item.keys() != signature.inputs.keys():
            raise _wrong_keys(i, item, signature)
    if not named:
        ((alias, spec),) = signature.inputs.items()
        return {alias: _batch(given, spec.dtype, "")}
    return {
        alias: _batch([item[alias] for item in given], spec.dtype, f" key: {alias}")
        for alias, spec in signature.inputs.items()
    }


def _batch(items: list[Any], dtype: str, key: str) -> NDArray[Any]:
    """One tensor of all items. Errors: InvalidRequest, which names the first item that does not fit."""
    try:
        return tensor(items, dtype)
    except ServingError:
        first: NDArray[Any] | None = None
        for i, item in enumerate(items):
            where = f"Failed to process element: {i}{key} of 'instances' list. Error: "
            try:
                made = tensor(item, dtype)
            except ServingError as failure:
                raise error(Code.INVALID_ARGUMENT, f"{where}{failure.code.name}: {failure.message}") from None
            first = made if first is None else first
            if made.size != first.size:
                text = f"Expecting tensor size: {first.size} but got: {made.size}"
                raise invalid(f"{where}INVALID_ARGUMENT: {text}") from None
            if made.shape != first.shape:
                text = f"Expecting shape {_shape(first.shape)} but got: {_shape(made.shape)}"
                raise invalid(f"{where}INVALID_ARGUMENT: {text}") from None
        raise


def _wrong_keys(i: int, item: dict[str, Any], signature: Signature) -> ServingError:
    for key in item:
        if key not in signature.inputs:
            text = f"INVALID_ARGUMENT: JSON object: does not have named input: {key}"
            return invalid(f"Failed to process element: {i} key: {key} of 'instances' list. Error: {text}")
    names = ",".join(sorted(signature.inputs))
    text = f"JSON object: {show(item)} keys must be equal to: {names}"
    return invalid(f"Failed to process element: {i} of 'instances' list. {text}")


def _columns(given: Any, signature: Signature) -> dict[str, NDArray[Any]]:
    if not _is_object(given):
        if len(signature.inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map"
            )
        ((alias, spec),) = signature.inputs.items()
        return {alias: tensor(given, spec.dtype)}
    found = {}
    for alias, spec in signature.inputs.items():
        if alias in given:
            found[alias] = tensor(given[alias], spec.dtype)
        elif alias not in signature.defaults:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
    return found


def _example(given: Any) -> "protos.Example":
    if not isinstance(given, dict):
        raise invalid(f"Example must be JSON object but got JSON {kind(given)}")
    made = protos.Example()
    for name, content in given.items():
        utf8(name)
        _fill(made.features.feature[name], name, content if isinstance(content, list) else [content])
    return made


def _fill(feature: "protos.Feature", name: str, values: list[Any]) -> None:
    """Fills a feature; its first value determines the type of its list: bytes, float or int64."""
    for value in values:
        held = "bytes" if is_base64(value) else _HELD.get(type(value))
        if held is None:
            raise invalid(f"Feature: {name} has element with unexpected JSON type: {kind(value)}")
        settled = (feature.WhichOneof("kind") or held).removesuffix("_list")
        if settled != held:
            raise invalid(f"Unexpected element type in feature: {name} expecting type: {settled}")
        if held == "bytes":
            feature.bytes_list.value.append(to_bytes(value))
        elif held == "float":
            with np.errstate(over="ignore"):
                feature.float_list.value.append(float(np.float32(value)))
        elif -(2**63) <= value < 2**63:
            feature.int64_list.value.append(int(value))
        else:
            raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _shape(shape: tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"

"""JSON and tensors: every number survives, every wrong body is refused, and nothing else happens."""

import contextlib
import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from serving.protocol.errors import InvalidRequest, ServingError, Unsupported
from serving.protocol.signatures import Signature, TensorSpec
from serving.server.rest import replies as restreply
from serving.server.rest import requests as restjson
from serving.server.rest import values as resttensor

SIDES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)
LETTERS = '[]{},:"0123456789.eE+-NaInfinitytrue \\u'
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | st.just("b64"), inner, max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["instances", "inputs", "signature_name", "examples", "context"]), ANY, max_size=3
)


def by_the_rule(value, digits):
    """A float as its rule says: %g, then all digits where that is another number, and .0 where it looks whole."""
    text = f"{value:g}"
    if np.float32(text) != value if digits == 9 else float(text) != value:
        text = f"{value:.{digits}g}"
    return text if "." in text or "e" in text else f"{text}.0"


@settings(max_examples=200, deadline=None)
@given(arrays.arrays(np.float32, 20, elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_floats_have_six_digits_or_all_that_it_takes(values):
    written = json.loads(restreply.outputs({"a": values}, rows=False), parse_float=str)["outputs"]
    assert written == [by_the_rule(v, 9) for v in values.tolist()]


def test_doubles_too():
    values = np.array([1, 0.1, 1e22, 1 / 3, 123456789, 1e300, 5e-324, -0.0])
    written = json.loads(restreply.outputs({"a": values}, rows=False), parse_float=str)["outputs"]
    assert written == [by_the_rule(v, 17) for v in values.tolist()]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64", "bool"]),
    st.data(),
)
def test_a_tensor_survives_the_way_out_and_in(dtype, data):
    array = data.draw(arrays.arrays(np.dtype(dtype), SIDES))
    for rows, key in ((False, "outputs"), (True, "predictions")):
        document = restjson.parse(restreply.outputs({"a": array}, rows=rows))
        back = resttensor.tensor(document[key], dtype)
        np.testing.assert_array_equal(back, array)
        assert back.dtype == array.dtype


def test_special_numbers():
    values = np.float32([np.nan, np.inf, -np.inf])
    assert restreply.outputs({"a": values}, rows=True) == b'{"predictions": [NaN, Infinity, -Infinity]}'
    back = resttensor.tensor(restjson.parse(b'{"a": [NaN, Infinity, -Infinity, 1e39]}')["a"], "float32")
    np.testing.assert_array_equal(back, np.float32([np.nan, np.inf, -np.inf, np.inf]))


def test_empty_and_scalar_tensors():
    assert restreply.outputs({"a": np.zeros((2, 0, 3))}, rows=False) == b'{"outputs": [[], []]}'
    assert restreply.outputs({"a": np.int32(3)[None][0:0]}, rows=False) == b'{"outputs": []}'
    assert restreply.outputs({"a": np.array(True)}, rows=False) == b'{"outputs": true}'
    assert resttensor.tensor([[], []], "float32").shape == (2, 0)
    assert resttensor.tensor(2, "int64").shape == ()


def test_rows_need_a_batch():
    scalar, short = np.float32(1), np.zeros(2, np.float32)
    with pytest.raises(InvalidRequest, match="Tensor name: a has no shape information"):
        restreply.outputs({"a": np.asarray(scalar)}, rows=True)
    with pytest.raises(InvalidRequest, match="Tensor name: b has inconsistent batch size: 2 expecting: 3"):
        restreply.outputs({"a": np.zeros(3), "b": short}, rows=True)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.0, "int32"),
        (2**31, "int32"),
        (-1, "uint32"),
        (2**64, "uint64"),
        (1, "bool"),
        (True, "int64"),
        (None, "float32"),
    ],
)
def test_values_of_another_type(value, dtype):
    with pytest.raises(InvalidRequest, match="is not of expected type"):
        resttensor.tensor([value], dtype)


def test_short_types_wrap_as_over_grpc():
    assert resttensor.tensor([300, -1], "uint8").tolist() == [44, 255]


def test_types_that_json_cannot_represent():
    for dtype in ("complex64", "float16", "bfloat16"):
        with pytest.raises(Unsupported, match="Conversion of JSON Value: 1 to type"):
            resttensor.tensor([1], dtype)
    with pytest.raises(Unsupported, match="Failed to write JSON value for tensor type: complex64"):
        restreply.outputs({"a": np.zeros(1, np.complex64)}, rows=False)


def test_base64_of_any_padding():
    for text in ("YQ==", "YQ"):
        assert resttensor.tensor([{"b64": text}], "string").tolist() == [b"a"]
    with pytest.raises(InvalidRequest, match="Unable to base64 decode"):
        resttensor.tensor([{"b64": "*"}], "string")
    with pytest.raises(InvalidRequest, match="not formatted correctly for base64 data"):
        resttensor.tensor([{"b65": "YQ"}], "string")


def test_a_message_quotes_at_most_256_bytes_of_the_request():
    with pytest.raises(InvalidRequest) as caught:
        resttensor.tensor(["x" * 10000], "float32")
    assert len(caught.value.message) < 400


def test_deep_nesting_is_refused():
    with pytest.raises(InvalidRequest):
        restjson.inputs(restjson.parse(b'{"inputs": ' + b"[" * 10**5 + b"]" * 10**5 + b"}"), _signature("float32"))


def _signature(*dtypes):
    return Signature({f"in{i}": TensorSpec(dtype, None) for i, dtype in enumerate(dtypes)}, {})


def _fuzzed(document):
    for signature in (_signature("float32"), _signature("string", "int64")):
        try:
            values, _ = restjson.inputs(document, signature)
        except ServingError:
            continue
        assert set(values) == set(signature.inputs)
    with contextlib.suppress(ServingError):
        assert restjson.examples(document).WhichOneof("kind")


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS)
def test_any_document_is_read_or_refused(document):
    _fuzzed(document)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60) | st.text(alphabet='[]{},:"0123456789.eE+-NaInfinitytrue \\u', max_size=60).map(str.encode)
)
def test_any_body_is_read_or_refused(body):
    with contextlib.suppress(InvalidRequest):
        assert isinstance(restjson.parse(body), dict)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_any_document_is_read_or_refused_at_length(document):
    _fuzzed(json.loads(json.dumps(document)))


def test_a_feature_beyond_float32_is_infinite():
    made = restjson.examples({"examples": [{"a": -1e39}]})
    assert made.example_list.examples[0].features.feature["a"].float_list.value[0] == -math.inf


def test_a_truth_value_is_a_whole_number():
    made = restjson.examples({"examples": [{"a": [True, 2]}]})
    assert list(made.example_list.examples[0].features.feature["a"].int64_list.value) == [1, 2]

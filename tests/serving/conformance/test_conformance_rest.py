"""TF Serving's REST API over HTTP: paths, JSON, codes and messages. See conftest.py."""

import gzip
import json

import numpy as np
import pytest

X = [[0, 1, 2, 3], [4.5, 5, 6, 7]]
Y = [[1.0, 4.0, 7.0, 10.0], [15.5, 17.0, 20.0, 23.0]]
ROWS = [{"x": x, "bias": b} for x, b in zip(X, [1, 2], strict=True)]
KINDS = ["float64", "uint8", "int8", "int16", "int32", "float16", "uint32", "uint64", "complex64"]


def post(http, path, document, **options):
    content = document if isinstance(document, str | bytes) else json.dumps(document)
    reply = http.post(f"/v1/models/{path}", content=content, **options)
    return reply.status_code, json.loads(reply.content)


def test_rows_in_rows_out(http):
    status, reply = post(http, "affine:predict", {"instances": ROWS})
    assert status == 200
    assert [row["y"] for row in reply["predictions"]] == Y
    assert [row["total"] for row in reply["predictions"]] == [sum(y) for y in Y]


def test_columns_in_columns_out(http):
    status, reply = post(http, "affine:predict", {"inputs": {"x": X, "bias": [1, 2]}})
    assert (status, reply) == (200, {"outputs": {"y": Y, "total": [sum(y) for y in Y]}})


def test_one_output_is_a_bare_list(http):
    status, reply = post(http, "affine:predict", {"signature_name": "sample", "instances": [1, 2]})
    assert status == 200
    assert np.array(reply["predictions"]).tolist() == (np.arange(1, 5) * 3.0 * [[1], [2]]).reshape(2, 2, 2, 1).tolist()
    _, columns = post(http, "affine:predict", {"signature_name": "sample", "inputs": [1, 2]})
    assert columns["outputs"] == reply["predictions"]


def test_strings_and_bytes(http):
    _, reply = post(http, "words:predict", {"instances": ["ab", {"b64": "eHl6"}, "é"]})
    assert reply["predictions"][:2] == [{"upper": "AB", "length": 2}, {"upper": "XYZ", "length": 3}]
    raw = {"b64": "/9j/AAE="}
    _, reply = post(http, "judge:predict", {"signature_name": "images", "instances": [raw]})
    assert reply == {"predictions": [{"image_bytes": raw, "length": 5}]}, "bytes come back as b64 by their name"


def test_not_a_number_and_infinity_go_in_and_out(http):
    body = '{"inputs": {"x": [[NaN, Infinity, -Infinity, 1e39]], "bias": [0]}}'
    reply = http.post("/v1/models/affine:predict", content=body)
    assert '"y": [[NaN, Infinity, -Infinity, Infinity]]' in reply.text.replace("[ ", "[").replace(" ]", "]")


def test_versions_and_labels_in_the_path(http):
    status, reply = post(http, "affine/versions/3:predict", {"signature_name": "sample", "inputs": [1]})
    assert (status, reply["outputs"][0][0][0]) == (200, [3.0])
    upper = http.post("/V1/Models/affine/Versions/3:PREDICT", json={"signature_name": "sample", "inputs": [1]})
    assert upper.status_code in (200, 404), "a path's case is the HTTP server's to mind, its rest is not"
    assert http.get("/v1/Models/affine/Versions/3").status_code == 200
    assert post(http, "affine/labels/can%61ry:predict", {"instances": ROWS}) == (
        400,
        {"error": "Unrecognized servable version label: canary"},
    )


def test_labels_in_the_path(http):
    for label, scale in (("stable", 1.0), ("canary", 3.0)):
        _, reply = post(http, f"both/labels/{label}:predict", {"signature_name": "sample", "inputs": [1]})
        assert reply["outputs"][0][0][0] == [scale]


def test_a_default_may_be_left_out_of_columns(http):
    status, reply = post(http, "default:predict", {"inputs": {"x": X}})
    assert (status, reply["outputs"]["y"][0]) == (200, [10.0, 11.0, 12.0, 13.0])


def test_rows_need_outputs_of_rows(http):
    asked = {"signature_name": "shapes", "inputs": 2}
    assert post(http, "judge:predict", asked) == (200, {"outputs": {"number": 2, "vector": [0, 1]}})
    status, reply = post(http, "judge:predict", {"signature_name": "total", "instances": [1]})
    assert (status, "Tensor name: number has no shape information" in reply["error"]) == (400, True)


def test_classify_and_regress(http):
    examples = [{"a": 0.25}, {}, {"a": [0.5]}]
    status, reply = post(http, "judge:classify", {"signature_name": "classify", "examples": examples})
    assert status == 200
    assert reply == {
        "results": [[["low", 0.75], ["high", 0.25]], [["low", 0.0], ["high", 1.0]], [["low", 0.5], ["high", 0.5]]]
    }
    status, reply = post(http, "judge:regress", {"signature_name": "regress", "examples": examples})
    assert (status, reply) == (200, {"results": [0.5, 2.0, 1.0]})
    shared = {"signature_name": "regress", "context": {"a": 4.0}, "examples": [{}, {"a": 1.5}]}
    assert post(http, "judge:regress", shared) == (200, {"results": [8.0, 3.0]}), "a context fills what is missing"


def test_status(http):
    ok = {"error_code": "OK", "error_message": ""}
    expected = {"model_version_status": [{"version": "3", "state": "AVAILABLE", "status": ok}]}
    assert http.get("/v1/models/affine").json() == expected
    assert http.get("/v1/models/affine/versions/3").json() == expected
    reply = http.get("/v1/models/affine/versions/9")
    assert (reply.status_code, reply.json()) == (404, {"error": "Could not find version 9 of model affine"})
    assert reply.headers["content-type"] == "application/json"


def test_metadata(http):
    reply = http.get("/v1/models/affine/metadata").json()
    assert reply["model_spec"] == {"name": "affine", "signature_name": "", "version": "3"}
    signatures = reply["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "sample", "slow", "__saved_model_init_op"}
    assert signatures["serving_default"]["defaults"] == {}
    assert signatures["serving_default"]["method_name"] == "tensorflow/serving/predict"
    x = signatures["serving_default"]["inputs"]["x"]
    assert x["dtype"] == "DT_FLOAT"
    sides = [{"size": "-1", "name": ""}, {"size": "4", "name": ""}]
    assert x["tensor_shape"] == {"dim": sides, "unknown_rank": False}


MODEL = "affine:predict"
REFUSED = {
    "empty": (MODEL, "", 400, "JSON Parse error: The document is empty"),
    "no json": (MODEL, "hello", 400, "JSON Parse error: Invalid value. at offset: 0"),
    "no object": (MODEL, "[1]", 400, "JSON Value: [1] Is not object"),
    "no key": (MODEL, {}, 400, "Missing 'inputs' or 'instances' key"),
    "both keys": (MODEL, {"inputs": 1, "instances": [1]}, 400, "expecting only one of 'inputs' or 'instances' keys"),
    "signature": (MODEL, {"signature_name": 1}, 400, "'signature_name' key must be a string value."),
    "unknown signature": (
        MODEL,
        {"signature_name": "s", "inputs": []},
        400,
        'Serving signature name: "s" not found in signature def',
    ),
    "unknown model": ("nope:predict", {"inputs": []}, 404, "Servable not found for request: Latest(nope)"),
    "unknown version": (
        "affine/versions/7:predict",
        {"inputs": []},
        404,
        "Servable not found for request: Specific(affine, 7)",
    ),
    "version beyond int64": (
        "affine/versions/9223372036854775808:predict",
        {},
        400,
        "Failed to convert version: 9223372036854775808 to numeric.",
    ),
    "plain list": (
        MODEL,
        {"instances": [1, 2]},
        400,
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
        "tensorinfo_map",
    ),
    "empty list": (MODEL, {"instances": []}, 400, "No values in 'instances' array"),
    "a string": (
        MODEL,
        {"inputs": {"x": [["a", 1, 2, 3]], "bias": [1]}},
        400,
        'JSON Value: "a" Type: String is not of expected type: float',
    ),
    "a string in a row": (
        MODEL,
        {"instances": [ROWS[0], {"x": [True, 1, 2, 3], "bias": 1}]},
        400,
        "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: true Type: True "
        "is not of expected type: float",
    ),
    "sizes": (
        MODEL,
        {"instances": [ROWS[0], {"x": [1, 2], "bias": 1}]},
        400,
        "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 4 "
        "but got: 2",
    ),
    "keys": (MODEL, {"instances": [{"x": X[0]}]}, 400, "Failed to process element: 0 of 'instances' list. JSON object"),
    "missing input": (MODEL, {"inputs": {"x": X}}, 400, "Missing named input: bias in 'inputs' object."),
    "ragged": (
        MODEL,
        {"inputs": {"x": [[1, 2], [1]], "bias": [1]}},
        400,
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
    ),
    "half": ("words:predict", {"signature_name": "kinds", "inputs": {}}, 400, "Missing named input: bool in 'inputs'"),
    "no inputs": ("counter:predict", {"inputs": {}}, 400, "Failed to get input map for signature: DEFAULT"),
    "half float": (
        "words:predict",
        {"signature_name": "kinds", "inputs": dict.fromkeys(KINDS, 1) | {"bool": True}},
        501,
        "Conversion of JSON Value: 1 to type",
    ),
    "no examples": ("judge:classify", {"signature_name": "classify"}, 400, "'examples' is expected and was not found"),
    "an example": (
        "judge:classify",
        {"signature_name": "classify", "examples": [1]},
        400,
        "Example must be JSON object but got JSON Number",
    ),
    "mixed feature": (
        "judge:classify",
        {"signature_name": "classify", "examples": [{"a": [1.5, "x"]}]},
        400,
        "Unexpected element type in feature: a expecting type: float",
    ),
    "null feature": (
        "judge:classify",
        {"signature_name": "classify", "examples": [{"a": None}]},
        400,
        "Feature: a has element with unexpected JSON type: Null",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_requests(case, http):
    path, document, status, text = REFUSED[case]
    found, reply = post(http, path, document)
    assert found == status
    assert text in reply["error"]
    assert set(reply) == {"error"}


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/v1/models/affine/versions/x", 400, "Malformed request: GET /v1/models/affine/versions/x"),
        ("GET", "/v1/foo", 400, "Malformed request: GET /v1/foo"),
        ("GET", "/v1/models", 400, "Missing model name in request."),
        ("GET", "/v1/models/affine:predict", 400, "Malformed request: GET /v1/models/affine:predict"),
        ("POST", "/v1/models/affine", 400, "Malformed request: POST /v1/models/affine"),
        ("PUT", "/v1/models/affine:predict", 400, "Malformed request: PUT /v1/models/affine:predict"),
        ("GET", "/v1/models/nope", 404, "Could not find any versions of model nope"),
    ],
)
def test_paths(method, path, status, text, http):
    reply = http.request(method, path)
    assert (reply.status_code, reply.json()) == (status, {"error": text})


def test_the_http_server_refuses_other_paths(http):
    assert http.get("/elsewhere").status_code == 404


def test_gzip_bodies(http):
    headers = {"content-encoding": "gzip"}
    body = gzip.compress(json.dumps({"instances": ROWS}).encode())
    status, reply = post(http, MODEL, body, headers=headers)
    assert (status, len(reply["predictions"])) == (200, 2)
    assert post(http, MODEL, b"not gzip", headers=headers)[0] == 400


def test_a_get_with_a_large_body_is_harmless(http):
    reply = http.request("GET", "/v1/models/affine", content=b"x" * 10**7)
    assert reply.status_code == 200
    assert http.get("/v1/models/affine").status_code == 200


def test_pages_of_other_sites_may_send_requests(http):
    headers = {"origin": "https://example.org", "access-control-request-method": "POST"}
    assert http.options("/v1/models/affine:predict", headers=headers).headers["access-control-allow-origin"] == "*"
    reply = http.get("/v1/models/affine", headers={"origin": "https://example.org"})
    assert reply.headers["access-control-allow-origin"] == "*"

"""The in-memory FakeServer against the real server: the same replies, the same errors."""

import asyncio

import numpy as np
import pytest

from serving import AsyncClient, Client, Overloaded, ServingError, TensorSpec, Unsupported
from serving.client import Call
from serving.protocol.errors import Code, error
from serving.testing import FakeServer, Function


def affine(x, bias):
    y = 3 * x + bias[:, None]
    return {"y": y, "total": y.sum(axis=1)}


def sample(seed):
    return {"images": (seed[:, None] * [1, 2, 3, 4] * 3.0).reshape(-1, 2, 2, 1)}


ROWS = TensorSpec("float32", (None,))
FUNCTIONS = {
    "serving_default": Function(
        affine,
        {"x": TensorSpec("float32", (None, 4)), "bias": ROWS},
        {"y": TensorSpec("float32", (None, 4)), "total": ROWS},
    ),
    "sample": Function(
        sample, {"seed": TensorSpec("int64", (None,))}, {"images": TensorSpec("float32", (None, 2, 2, 1))}
    ),
    "slow": Function(lambda turns: {"done": turns}, {"turns": TensorSpec("int64", (None,))}, {"done": ROWS}),
}


@pytest.fixture(scope="module")
def double():
    """The model `affine` of conftest.py once more, in numpy."""
    with Client("memory", transport=FakeServer({"affine": FUNCTIONS}, version=3)) as client:
        yield client


ASKED = {
    "an answer": lambda c: c.predict("affine", {"x": [[1.0, 2, 3, 4]], "bias": [0.5]}),
    "one output": lambda c: c.predict("affine", {"x": [[1.0, 2, 3, 4]], "bias": [0.5]}, outputs=["total"]),
    "a version": lambda c: c.predict("affine", {"seed": range(5)}, signature="sample", version=3),
    "status": lambda c: c.status("affine"),
    "no model": lambda c: c.predict("nope", {}),
    "no version": lambda c: c.predict("affine", {}, version=9),
    "no status": lambda c: c.status("nope"),
    "no signature": lambda c: c.predict("affine", {}, signature="nope"),
    "an input too few": lambda c: c.predict("affine", {"x": [[1.0]]}),
    "another input": lambda c: c.predict("affine", {"x": [[1.0]], "z": [1.0]}),
    "no output": lambda c: c.predict("affine", {"x": [[1.0]], "bias": [1.0]}, outputs=["z"]),
    "an output twice": lambda c: c.predict("affine", {"x": [[1.0]], "bias": [1.0]}, outputs=["y", "y"]),
}


def said(client, ask):
    try:
        answer = ask(client)
    except ServingError as failure:
        return type(failure), failure.code, failure.message.replace("serving_default_", "")
    if isinstance(answer, list):
        return answer
    return answer.model, answer.version, answer.signature, {k: (v.dtype, v.tolist()) for k, v in answer.items()}


@pytest.mark.parametrize("asked", ASKED)
def test_the_fake_server_replies_as_the_real_one(asked, client, double):
    assert said(double, ASKED[asked]) == said(client, ASKED[asked])


def test_signatures_are_the_servers(client, double):
    ours, real = double.metadata("affine").signatures, client.metadata("affine").signatures
    assert set(ours) == set(real)
    for name in ("serving_default", "sample"):
        for side in ("inputs", "outputs"):
            mine, theirs = ({k: (t.dtype, t.shape) for k, t in getattr(s[name], side).items()} for s in (ours, real))
            assert mine == theirs
    assert double.describe("affine") == client.describe("affine")


def test_a_wrong_type_is_refused_like_the_servers(client, double):
    for one in (client, double):
        with pytest.raises(ServingError, match="Expects") as caught:
            one.predict("affine", {"x": np.zeros((1, 4)), "bias": [1.0]})
        assert caught.value.code == Code.INVALID_ARGUMENT


def test_failures_on_purpose_reach_the_client():
    def busy(seed):
        raise error(Code.RESOURCE_EXHAUSTED, "on purpose")

    function = Function(busy, {"seed": TensorSpec("int64", (None,))}, {})
    with Client("memory", transport=FakeServer({"m": {"busy": function}})) as client:
        with pytest.raises(Overloaded, match="on purpose"):
            client.predict("m", {"seed": [1]}, signature="busy")
        with pytest.raises(Unsupported):
            client.send(Call("package.Service/Method", b"", bytes))


def test_text_and_asyncio():
    upper = Function(
        lambda text: {"upper": [t.upper() for t in text]},
        {"text": TensorSpec("string", (None,))},
        {"upper": TensorSpec("string", (None,))},
    )

    async def ask():
        async with AsyncClient("memory", transport=FakeServer({"m": {"up": upper}}).for_asyncio()) as client:
            return await client.predict("m", {"text": ["a", "b"]}, signature="up")

    assert asyncio.run(ask())["upper"].tolist() == [b"A", b"B"]

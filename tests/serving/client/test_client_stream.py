"""Large batches in pieces: the same result, in order, from one version, with a bounded window."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving import Client, InvalidRequest, NotFound, TensorSpec, Unavailable
from serving.client import Transport
from serving.protocol import protos
from serving.protocol.errors import Code, error
from serving.testing import FakeServer, Function

SEEDS = {"seed": TensorSpec("int64", (None,))}


def one(function, outputs=None):
    """A model `m` whose signature `f` is the function."""
    outputs = outputs or {"y": TensorSpec("int64", (None,))}
    return FakeServer({"m": {"f": Function(function, SEEDS, outputs)}})


@settings(deadline=None, derandomize=True)
@given(count=st.integers(0, 60), rows=st.integers(1, 70), window=st.integers(1, 5))
def test_pieces_equal_the_whole(count, rows, window):
    seeds = np.arange(count)
    with Client("memory", transport=one(lambda seed: {"y": seed**2})) as client:
        whole = client.predict("m", {"seed": seeds}, signature="f")
        pieces = client.predict_chunked("m", {"seed": seeds}, signature="f", rows=rows, window=window)
    assert np.array_equal(whole["y"], pieces["y"])
    assert (whole.model, whole.version, whole.signature) == (pieces.model, pieces.version, pieces.signature)


def test_pieces_equal_the_whole_over_a_real_server(client):
    x = np.random.default_rng(0).normal(size=(333, 4)).astype(np.float32)
    inputs = {"x": x, "bias": x[:, 0]}
    whole, pieces = client.predict("affine", inputs), client.predict_chunked("affine", inputs, rows=50)
    assert set(pieces) == {"y", "total"}
    for name in pieces:
        np.testing.assert_allclose(pieces[name], whole[name], rtol=1e-6)


def test_replies_are_in_order_even_if_some_are_slow():
    def uneven(seed):
        time.sleep(0.02 if seed[0] % 3 == 0 else 0)
        return {"y": seed}

    with Client("memory", transport=one(uneven)) as client:
        found = [p["y"][0] for p in client.stream("m", ({"seed": [i]} for i in range(40)), signature="f", window=8)]
    assert found == list(range(40))


@pytest.mark.parametrize("window", [1, 3])
def test_a_window_is_in_flight_and_no_more(window):
    lock, flying, most = threading.Lock(), [0], [0]
    together = threading.Barrier(window, timeout=20)

    def counted(seed):
        with lock:
            flying[0] += 1
            most[0] = max(most[0], flying[0])
        together.wait()
        with lock:
            flying[0] -= 1
        return {"y": seed}

    inputs = [{"seed": [i]} for i in range(6 * window)]
    with Client("memory", transport=one(counted)) as client:
        assert len(list(client.stream("m", inputs, signature="f", version=1, window=window))) == len(inputs)
    assert most[0] == window


def test_inputs_are_taken_as_they_are_needed():
    """A stream of a million inputs is not read into memory."""
    taken = []

    def inputs():
        for i in range(1_000_000):
            taken.append(i)
            yield {"seed": [i]}

    with Client("memory", transport=one(lambda seed: {"y": seed})) as client:
        stream = client.stream("m", inputs(), signature="f", window=4)
        for _ in range(10):
            next(stream)
        stream.close()
    assert len(taken) <= 10 + 4


def test_all_pieces_use_the_version_of_the_first_reply():
    inner = FakeServer({"m": {"f": Function(lambda seed: {"y": seed}, SEEDS, {})}}, version=5)
    asked = []

    class Watched(Transport):
        def call(self, method, request, timeout):
            asked.append(protos.PredictRequest.FromString(request).model_spec.version.value)
            return inner.call(method, request, timeout)

        def close(self):
            pass

    with Client("memory", transport=Watched()) as client:
        client.predict_chunked("m", {"seed": np.arange(10)}, signature="f", rows=2)
    assert asked == [0, 5, 5, 5, 5]


def test_a_failure_ends_the_stream():
    def broken(seed):
        if seed[0] == 5:
            raise error(Code.UNAVAILABLE, "gone")
        return {"y": seed}

    with Client("memory", transport=one(broken), retries=0) as client:
        stream = client.stream("m", ({"seed": [i]} for i in range(10)), signature="f", window=2)
        assert [next(stream)["y"][0] for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(Unavailable, match="gone"):
            next(stream)


@pytest.mark.parametrize(
    ("inputs", "rows"), [({"seed": 1}, 4), ({}, 4), ({"a": [1], "b": [1, 2]}, 4), ({"seed": [1]}, 0)]
)
def test_batches_that_cannot_be_split(inputs, rows):
    with (
        Client("nowhere", transport=one(lambda seed: {})) as client,
        pytest.raises(InvalidRequest, match="A piece has 1 row or more, and all inputs have the same rows"),
    ):
        client.predict_chunked("m", inputs, signature="f", rows=rows)


def test_an_output_without_the_batch_is_not_joined():
    total = one(lambda seed: {"y": seed.sum()}, {"y": TensorSpec("int64", ())})
    with Client("memory", transport=total) as client:
        with pytest.raises(InvalidRequest, match=r"'y' has the shape \[\] for 2 rows"):
            client.predict_chunked("m", {"seed": [1, 2, 3]}, signature="f", rows=2)
        with pytest.raises(NotFound):
            client.predict_chunked("m", {"seed": [1]}, version=4)

"""Dynamic batching by batching.config: batches of 4 rows, a queue of one. See conftest.py."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import tensorflow as tf
from asks import predict, refused


def rows(count, width=1, value=1.0, signature="", **inputs):
    return predict({"x": np.full((count, width), value, np.float32), **inputs}, "rows", signature)


def test_rows_of_several_requests_run_together_and_come_back_to_theirs(batching_stub):
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(batching_stub.Predict, rows(1, value=value), timeout=60) for value in range(4)]
        for value, answer in enumerate(asked):
            assert tf.make_ndarray(answer.result().outputs["y"]).tolist() == [[2.0 * value]]


def test_a_batch_that_is_not_full_runs_after_the_timeout_and_padding_is_cut_off(batching_stub):
    assert tf.make_ndarray(batching_stub.Predict(rows(3), timeout=60).outputs["y"]).tolist() == [[2.0]] * 3


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        (predict({}, "rows", "nothing"), "INVALID_ARGUMENT", "Batching Run() must have at least one input tensor"),
        (
            predict({"x": np.float32(1)}, "rows", "scalar"),
            "INVALID_ARGUMENT",
            "Batching Run() input tensors must have at least one dimension",
        ),
        (
            rows(4, signature="two", z=np.ones(3, np.float32)),
            "INVALID_ARGUMENT",
            "Batching Run() input tensors must have equal 0th-dimension size",
        ),
        (rows(5), "INVALID_ARGUMENT", "Task size 5 is larger than maximum input batch size 4"),
        (rows(4, signature="total"), "FAILED_PRECONDITION", "Batched output tensor has 0 dimensions"),
        (
            rows(4, signature="first"),
            "FAILED_PRECONDITION",
            "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input "
            "tensors",
        ),
    ],
    ids=["no input", "scalar", "unequal", "too large", "no dimension", "other rows"],
)
def test_inputs_that_cannot_be_batched(message, code, text, batching_stub):
    assert refused(batching_stub.Predict, message) == (code, text)


def test_rows_of_different_shapes_fail_together(batching_stub):
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(refused, batching_stub.Predict, rows(2, width)) for width in (2, 3)]
        for answer in asked:
            code, text = answer.result()
            assert code == "FAILED_PRECONDITION"
            assert "from different tasks have different shapes and padding is turned off." in text


def test_a_full_queue_refuses_and_is_empty_again(batching_stub):
    """One batch runs, one waits, and for the third there is no place."""
    slow = predict({"turns": np.full(4, 10**7)}, "affine", "slow")
    flying = [batching_stub.Predict.future(slow, timeout=2) for _ in range(6)]
    ends = [(future.exception().code(), future.exception().details()) for future in flying]
    full = (
        "The batch scheduling queue to which this task was submitted is full; currently 1 batches enqueued and "
        "max_enqueued_batches is 1"
    )
    assert (grpc.StatusCode.UNAVAILABLE, full) in ends
    assert {code for code, _ in ends} <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
    assert batching_stub.Predict(rows(4), timeout=60).outputs

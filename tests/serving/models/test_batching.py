"""Dynamic batching: merging, splitting, padding, and refusals with TF Serving's messages."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from serving.handlers.metrics import Monitor
from serving.models import batching, merging
from serving.models.batching import Batched, Parameters, Scheduler
from serving.protocol import errors
from serving.protocol.signatures import Signature, TensorSpec


class Doubler:
    """y = 2 x; notes the shapes it was run with, and waits at the gate."""

    def __init__(self):
        self.signatures = {
            "f": Signature({"x": TensorSpec("float32", (None,), "x:0")}, {"y": TensorSpec("float32", None)})
        }
        self.definitions, self.parse, self.warmup_records = {}, None, None
        self.seen, self.gate, self.busy = [], threading.Event(), threading.Event()
        self.gate.set()
        self.answer = lambda x: 2 * x

    def run(self, key, inputs, outputs, timeout):
        self.busy.set()
        assert self.gate.wait(20)
        self.seen.append(inputs["x"].shape)
        return {"y": self.answer(inputs["x"])}


def made(model, monitor=None, **options):
    parameters = batching.checked(Parameters(**{"threads": 1, **options}))
    return Batched(model, Scheduler(parameters, monitor or Monitor()), parameters)


def rows(count, first=0.0):
    return {"x": np.arange(count, dtype=np.float32) + np.float32(first)}


def held_up(model, batched, pool):
    """Occupies the only thread, so that further requests wait."""
    model.gate.clear()
    model.busy.clear()
    first = pool.submit(batched.run, "f", rows(1))
    assert model.busy.wait(20)
    return first


def wait_for(batched, count):
    """Waits until this many rows are queued."""
    for _ in range(2000):
        if sum(b.rows for queue in batched._queues.values() for b in list(queue.batches)) == count:
            return
        threading.Event().wait(0.005)
    raise AssertionError("the requests did not come")


def test_requests_that_wait_run_as_one_and_each_gets_its_rows():
    model = Doubler()
    batched = made(model)
    with ThreadPoolExecutor(8) as pool:
        held_up(model, batched, pool)
        asked = [pool.submit(batched.run, "f", rows(n, 10 * n)) for n in (1, 2, 3)]
        wait_for(batched, 6)
        model.gate.set()
        for n, answer in zip((1, 2, 3), asked, strict=True):
            np.testing.assert_array_equal(answer.result()["y"], 2 * rows(n, 10 * n)["x"])
    assert model.seen == [(1,), (6,)]


def test_padding_to_an_allowed_size_repeats_a_row_and_is_cut_off():
    model, monitor = Doubler(), Monitor()
    batched = made(model, monitor, max_batch_size=8, execution=8, allowed=(4, 8))
    np.testing.assert_array_equal(batched.run("f", rows(3))["y"], [0, 2, 4])
    assert model.seen == [(4,)]
    assert ':tensorflow:serving:batching_session:padding_size_sum{execution_batch_size="4"} 1' in monitor.text()


def test_a_large_request_is_split_and_put_together():
    model = Doubler()
    batched = made(model, max_batch_size=100, execution=4, splitting=True)
    np.testing.assert_array_equal(batched.run("f", rows(10))["y"], 2 * rows(10)["x"])
    assert model.seen == [(4,), (4,), (2,)]


def test_expired_requests_are_dropped_before_they_run():
    model = Doubler()
    batched = made(model)
    with ThreadPoolExecutor(4) as pool:
        held_up(model, batched, pool)
        late = pool.submit(batched.run, "f", rows(5), None, 0.01)
        good = pool.submit(batched.run, "f", rows(2), None, 60)
        wait_for(batched, 7)
        threading.Event().wait(0.05)
        model.gate.set()
        with pytest.raises(errors.Overloaded, match=r"Run\(\) timeout exceeded while waiting in batching queue"):
            late.result()
        assert len(good.result()["y"]) == 2
    assert model.seen == [(1,), (2,)]


def test_a_full_queue_refuses():
    model = Doubler()
    batched = made(model, max_batch_size=4, execution=4, max_enqueued=1)
    with ThreadPoolExecutor(4) as pool:
        held_up(model, batched, pool)
        waiting = pool.submit(batched.run, "f", rows(3))
        wait_for(batched, 3)
        with pytest.raises(errors.Unavailable, match="currently 1 batches enqueued and max_enqueued_batches is 1"):
            batched.run("f", rows(2))
        model.gate.set()
        assert len(waiting.result()["y"]) == 3


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "must have at least one input tensor"),
        ({"x": np.float32(1)}, "input tensors must have at least one dimension"),
        ({"x": np.zeros(2, np.float32), "z": np.zeros(3, np.float32)}, "must have equal 0th-dimension size"),
        ({"x": np.zeros(5, np.float32)}, "Task size 5 is larger than maximum input batch size 4"),
    ],
)
def test_inputs_that_cannot_be_batched_are_refused(inputs, message):
    with pytest.raises(errors.InvalidRequest, match=message):
        made(Doubler(), max_batch_size=4, execution=4).run("f", {k: np.asarray(v) for k, v in inputs.items()})


@pytest.mark.parametrize("padding", [True, False])
def test_rows_of_different_shapes_are_padded_or_refused(padding):
    model = Doubler()
    batched = made(model, padding=padding)
    with ThreadPoolExecutor(4) as pool:
        held_up(model, batched, pool)
        asked = [pool.submit(batched.run, "f", {"x": np.full((1, width), width, np.float32)}) for width in (2, 3)]
        wait_for(batched, 2)
        model.gate.set()
        if padding:
            for width, answer in zip((2, 3), asked, strict=True):
                np.testing.assert_array_equal(answer.result()["y"], np.full((1, 3), 2 * width))
        else:
            for answer in asked:
                with pytest.raises(errors.InvalidRequest, match="'x:0' from different tasks have different shapes"):
                    answer.result()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.sum, "Batched output tensor has 0 dimensions"),
        (lambda x: x[:1], "0th dimension does not equal the sum"),
    ],
)
def test_outputs_have_to_keep_the_rows(answer, message):
    model = Doubler()
    model.answer = answer
    with pytest.raises(errors.InvalidRequest, match=message):
        made(model).run("f", rows(2))


@pytest.mark.parametrize("owner", [Doubler, Monitor, merging], ids=["model", "monitor", "merging"])
def test_an_exception_fails_the_batch_but_not_the_thread(owner, monkeypatch):
    batched = made(Doubler())
    method = {Doubler: "run", Monitor: "batch", merging: "merged"}[owner]
    with monkeypatch.context() as broken, ThreadPoolExecutor(4) as pool:
        broken.setattr(owner, method, lambda *_: 1 / 0)
        for answer in [pool.submit(batched.run, "f", rows(1)) for _ in range(4)]:
            with pytest.raises(errors.ServerFailure, match="ZeroDivisionError"):
                answer.result(20)
    assert len(batched.run("f", rows(2))["y"]) == 2


def test_a_batch_waits_at_most_for_its_timeout():
    model = Doubler()
    batched = made(model, timeout=0.2, max_batch_size=3, execution=3)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(batched.run, "f", rows(1)) for _ in range(2)]
        [answer.result() for answer in asked]
        assert model.seen == [(2,)], "two met within the timeout"
        batched = made(model, timeout=1000, max_batch_size=3, execution=3)
        asked = [pool.submit(batched.run, "f", rows(1)) for _ in range(3)]
        [answer.result(20) for answer in asked]
    assert model.seen[1:] == [(3,)], "a full batch waits for nobody"


def test_parameters_are_read_from_tf_servings_file(tmp_path):
    file = tmp_path / "batching.pbtxt"
    file.write_text(
        "max_batch_size { value: 128 } batch_timeout_micros { value: 5000 } max_enqueued_batches { value: 7 }\n"
        'num_batch_threads { value: 3 } thread_pool_name { value: "pool" } allowed_batch_sizes: 32\n'
        "allowed_batch_sizes: 128 pad_variable_length_inputs: true"
    )
    expected = Parameters(128, 0.005, 7, 3, "pool", False, 128, (32, 128), True)
    assert batching.read(file) == expected
    own = tmp_path / "own.pbtxt"
    own.write_text("max_enqueued_batches { value: 1 }")
    found = batching.read(own, expected)
    assert (found.max_enqueued, found.timeout, found.max_batch_size) == (1, 0.005, 128)
    file.write_text("max_batch_size { value: 4 } allowed_batch_sizes: 2")
    wanted = "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 2; expected 4"
    with pytest.raises(errors.InvalidRequest, match=wanted):
        batching.read(file)
    file.write_text("max_batch_sizes { value: 4 }")
    with pytest.raises(errors.OptionError, match=r"not the text of a BatchingParameters: .*max_batch_sizes"):
        batching.read(file)


def test_an_unloaded_version_is_not_kept_alive():
    import gc
    import weakref

    model = Doubler()
    batched = made(model)
    batched.run("f", rows(1))
    held = SimpleNamespace(scheduler=batched._scheduler)
    gone = weakref.ref(model)
    del model, batched
    for _ in range(200):
        gc.collect()
        if gone() is None:
            break
        threading.Event().wait(0.01)
    assert gone() is None
    assert held.scheduler.parameters.threads == 1

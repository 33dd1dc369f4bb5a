"""Versions come, go, fail and are swapped without a gap."""

import gc
import shutil
import threading
import time
import weakref

import asks
import numpy as np
import pytest
import savedmodels
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving import Client, NotFound
from serving.handlers.service import warm_up
from serving.models import saved_model as engine
from serving.models import store
from serving.models.loading import Loader
from serving.models.store import State, Status, Store, StoreConfig
from serving.protocol import errors
from serving.protocol.versions import Policy, Source
from serving.server.config import ServerConfig
from serving.server.embedded import Server


class Fake:
    """A fake of a loaded version."""

    def __init__(self, path):
        self.path = path


def whole(path):
    path.mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(b"")
    return path


def make(tmp_path, load=lambda name, path: Fake(path), **options):
    return Store(StoreConfig(root=tmp_path, **{"poll_seconds": 0, **options}), load)


def states(found, name="m"):
    return {s.version: s.state.name for s in found.statuses(name)}


def test_the_highest_version_is_served(tmp_path):
    for version in ("1", "10", "9", "x", "1.5", "-2"):
        whole(tmp_path / "m" / version)
    found = make(tmp_path)
    found.poll()
    assert found.available() == {"m": [10]}
    assert found.get("m")[0] == 10
    with pytest.raises(NotFound, match=r"Specific\(m, 9\)"):
        found.get("m", 9)


@pytest.mark.parametrize(("name", "version"), [("00000123", 123), ("+7", 7), ("0", 0)])
def test_versions_are_read_as_simple_atoi_reads_them(tmp_path, name, version):
    whole(tmp_path / "m" / name)
    found = make(tmp_path)
    found.poll()
    assert found.available() == {"m": [version]}


def test_several_latest(tmp_path):
    for version in "1234":
        whole(tmp_path / "m" / version)
    found = make(tmp_path, policy=Policy(latest=2))
    found.poll()
    assert found.available() == {"m": [3, 4]}
    assert found.get("m", 3)[0] == 3
    assert [s.version for s in found.statuses("m")] == [4, 3]


def test_new_models_and_versions_are_found(tmp_path):
    found = make(tmp_path)
    found.poll()
    assert found.available() == {}
    whole(tmp_path / "a" / "1")
    found.poll()
    whole(tmp_path / "b" / "4")
    whole(tmp_path / "a" / "2")
    found.poll()
    assert found.available() == {"a": [2], "b": [4]}
    assert states(found, "a") == {2: "AVAILABLE", 1: "END"}


def test_the_new_one_is_loaded_before_the_old_one_goes(tmp_path):
    whole(tmp_path / "m" / "1")
    seen = []

    def load(name, path):
        seen.append((path.name, found.available()))
        return Fake(path)

    found = make(tmp_path, load)
    found.poll()
    whole(tmp_path / "m" / "2")
    found.poll()
    assert seen == [("1", {}), ("2", {"m": [1]})]


def test_a_deleted_version_is_unloaded_and_loaded_again_when_it_returns(tmp_path):
    path = whole(tmp_path / "m" / "1")
    found = make(tmp_path)
    found.poll()
    shutil.rmtree(path)
    found.poll()
    assert states(found) == {1: "END"}
    with pytest.raises(NotFound, match=r"Latest\(m\)"):
        found.get("m")
    whole(path)
    found.poll()
    assert states(found) == {1: "AVAILABLE"}
    shutil.rmtree(tmp_path / "m")
    found.poll()
    assert states(found) == {1: "END"}


def test_a_half_copied_version_is_loaded_once_it_is_complete(tmp_path):
    whole(tmp_path / "m" / "1")
    found = make(tmp_path)
    found.poll()
    half = tmp_path / "m" / "2"
    (half / "variables").mkdir(parents=True)
    found.poll()
    (half / "saved_model.pb").write_bytes(b"")
    found.poll()
    (half / "variables" / "variables.index").write_bytes(b"")
    found.poll()
    assert states(found) == {2: "START", 1: "AVAILABLE"}
    (half / "variables" / "variables.data-00000-of-00001").write_bytes(b"")
    found.poll()
    assert states(found) == {2: "AVAILABLE", 1: "END"}


def test_a_failure_is_reported_retried_and_given_up(tmp_path):
    whole(tmp_path / "m" / "1")
    whole(tmp_path / "n" / "1")
    tries = []

    def load(name, path):
        if name == "m":
            tries.append(path)
            raise errors.error(errors.Code.DATA_LOSS, "torn")
        return Fake(path)

    found = make(tmp_path, load, retries=2, retry_seconds=0)
    found.poll()
    assert found.available() == {"n": [1]}, "one bad model does not keep the others"
    assert found.statuses("m") == [Status(1, State.LOADING, errors.Code.DATA_LOSS, "torn")]
    for _ in range(5):
        found.poll()
    assert len(tries) == 3
    assert found.statuses("m") == [Status(1, State.END, errors.Code.DATA_LOSS, "torn")]


def test_retries_wait(tmp_path):
    whole(tmp_path / "m" / "1")
    tries = []

    def load(name, path):
        tries.append(path)
        raise errors.error(errors.Code.DATA_LOSS, "torn")

    found = make(tmp_path, load, retry_seconds=1000)
    found.poll()
    found.poll()
    assert len(tries) == 1


def test_the_old_version_stays_while_the_new_one_fails(tmp_path):
    whole(tmp_path / "m" / "1")

    def load(name, path):
        if path.name == "2":
            raise errors.error(errors.Code.INTERNAL, "no")
        return Fake(path)

    found = make(tmp_path, load, retry_seconds=1000)
    found.poll()
    whole(tmp_path / "m" / "2")
    found.poll()
    assert found.get("m")[0] == 1
    assert states(found) == {2: "LOADING", 1: "AVAILABLE"}


def test_a_bad_base_path_does_not_block_the_others(tmp_path):
    whole(tmp_path / "good" / "1")
    config = StoreConfig(
        models={"bad": Source(tmp_path / "missing"), "good": Source(tmp_path / "good")}, poll_seconds=0
    )
    found = Store(config, lambda name, path: Fake(path))
    found.poll()
    assert found.available() == {"good": [1]}


def test_a_request_keeps_its_version_and_the_last_one_closes_it(models, tmp_path):
    shutil.copytree(models / "affine" / "1", tmp_path / "affine" / "1")
    found = make(tmp_path, Loader(warm_up=warm_up))
    found.poll()
    _, held = found.get("affine")
    gone = weakref.ref(held)
    shutil.copytree(models / "affine" / "3", tmp_path / "affine" / "3")
    found.poll()
    assert held.run("sample", {"seed": np.int64([5])})["images"][0, 0, 0, 0] == 5
    del held
    gc.collect()
    assert gone() is None


def test_hot_swap_fails_no_request(models, tmp_path):
    """A real server under load while version 3 replaces version 1."""
    shutil.copytree(models / "affine" / "1", tmp_path / "affine" / "1")
    server = Server(ServerConfig(StoreConfig(tmp_path, poll_seconds=0.05), port=0))
    failures, seen, stop = [], set(), threading.Event()

    def ask():
        with Client(server.address, retries=0) as client:
            while not stop.is_set():
                try:
                    reply = client.predict("affine", {"seed": [7]}, signature="sample")
                    assert reply["images"][0, 0, 0, 0] == 7 * reply.version
                    seen.add(reply.version)
                except Exception as failure:
                    failures.append(failure)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    try:
        for asker in askers:
            asker.start()
        shutil.copytree(models / "affine" / "3", tmp_path / "affine" / "3")
        with Client(server.address) as client:
            client.wait_until_available("affine", 3, timeout=30)
        end = time.monotonic() + 30
        while 3 not in seen and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        stop.set()
        for asker in askers:
            asker.join()
        server.stop(0)
    assert failures == []
    assert seen == {1, 3}


def test_warmup_runs_before_a_version_is_available(models, tmp_path, monkeypatch):
    version = shutil.copytree(models / "affine" / "1", tmp_path / "affine" / "1")
    ran = []
    run = engine.SavedModel.run
    monkeypatch.setattr(engine.SavedModel, "run", lambda self, key, *rest: ran.append(key) or run(self, key, *rest))
    request = asks.predict({"seed": np.int64([1])}, signature="sample")
    log = prediction_log_pb2.PredictionLog(predict_log={"request": request})
    savedmodels.save_warmup(version, [log.SerializeToString()] * 2)
    found = make(tmp_path, Loader(warm_up=warm_up))
    found.poll()
    assert ran == ["sample", "sample"]
    assert found.available() == {"affine": [1]}


def test_a_folder_that_is_not_a_saved_model_is_an_error(tmp_path):
    (whole(tmp_path / "m" / "1") / "saved_model.pb").write_bytes(b"garbage")
    found = make(tmp_path, Loader(warm_up=warm_up), retries=0)
    found.poll()
    (status,) = found.statuses("m")
    assert status.state == State.END
    assert status.code != errors.Code.OK
    assert "m/1" in status.message


@pytest.mark.parametrize("limit", [0.0, 1e9])
def test_the_runners_agree(models, monkeypatch, limit):
    """The private wrapper and the public Session, in the caller's thread or not; the numbers are TensorFlow 2's."""
    monkeypatch.setattr(engine, "BRIEF", limit)
    text = np.array([b"one", b"a longer one"], object)
    model = engine.SavedModel(models / "words" / "1")
    runners, asked = [model._run, engine._public_runner(model._session)], []
    expected = tf.saved_model.load(str(models / "words" / "1")).signatures["serving_default"](text=tf.constant(text))
    for runner in runners:
        model._run = lambda *args, runner=runner: (asked.append(args[-1]), runner(*args))[1]
        for timeout in (None, 60.0):
            found = model.run("serving_default", {"text": text}, timeout=timeout)
            assert {k: v.tolist() for k, v in found.items()} == {k: v.numpy().tolist() for k, v in expected.items()}
    assert asked == [False, limit > 0, limit > 0, limit > 0]


@pytest.mark.parametrize("public", [False, True])
def test_a_deadline_interrupts_a_loop_even_if_its_last_run_was_short(models, monkeypatch, public):
    monkeypatch.setattr(engine, "BRIEF", 1e9)
    model = engine.SavedModel(models / "affine" / "3")
    if public:
        model._run = engine._public_runner(model._session)
    model.run("slow", {"turns": np.array([1])}, timeout=60)
    with pytest.raises(errors.DeadlineExceeded, match="Timed out"):
        model.run("slow", {"turns": np.array([10**7])}, timeout=0.3)


def test_the_store_module_knows_the_protocols_states():
    states = {"START": 10, "LOADING": 20, "AVAILABLE": 30, "UNLOADING": 40, "END": 50}
    assert {s.name: int(s) for s in store.State} == states

"""Batch jobs: complete, interrupted, resumed, refused."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from serving import Client, InvalidRequest, TensorSpec, Unavailable, batch
from serving.batch import Job, JobError, Seeds
from serving.client import PREDICT, TRANSIENT
from serving.models.store import StoreConfig
from serving.protocol.errors import Code, error
from serving.server.config import ServerConfig
from serving.server.embedded import Server
from serving.testing import FakeServer, Function

SEEDS = {"seed": TensorSpec("int64", (None,))}
OUTPUTS = {"y": TensorSpec("float32", (None, 2)), "z": TensorSpec("int64", (None,))}
JOB = Job("m", "f", request=8, shard=32)


def squares(seed):
    return {"y": np.stack([seed, seed**2], axis=1), "z": -seed}


def model(function=squares, version=1):
    return FakeServer({"m": {"f": Function(function, SEEDS, OUTPUTS)}}, version=version)


def do(folder, transport, job=JOB, rows=None, **options):
    with Client("memory", transport=transport, retries=0) as client:
        return batch.run(client, job, rows or Seeds(10, 110), folder, progress=False, **options)


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def arrays(folder):
    shards = [np.load(p) for p in sorted(folder.glob("*.npz"))]
    return {name: np.concatenate([s[name] for s in shards]) for name in shards[0].files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A job of 100 rows that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    assert do(folder, model()) == batch.Finished(1, 100, 4, 4)
    return contents(folder)


def test_every_row_once_and_in_order(whole, tmp_path):
    do(tmp_path / "out", model())
    assert contents(tmp_path / "out") == whole
    assert list(whole) == ["manifest.json", *(f"shard-0000{i}.npz" for i in range(4))]
    found = arrays(tmp_path / "out")
    seeds = np.arange(10, 110)
    assert np.array_equal(found["seed"], seeds)
    assert np.array_equal(found["z"], -seeds)
    assert np.array_equal(found["y"], np.stack([seeds, seeds**2], axis=1).astype(np.float32))


def test_the_manifest_lists_the_shards(whole):
    manifest = json.loads(whole["manifest.json"])
    assert manifest["job"]["version"] == 1
    assert manifest["job"]["inputs"] == {"seeds": [10, 110]}
    assert [s["rows"] for s in manifest["shards"].values()] == [32, 32, 32, 4]
    for name, shard in manifest["shards"].items():
        assert shard["bytes"] == len(whole[name])
        assert shard["sha256"] == hashlib.sha256(whole[name]).hexdigest()


@pytest.mark.parametrize("row", [0, 31, 32, 50, 99])
@pytest.mark.parametrize("window", [1, 5])
def test_a_job_that_failed_ends_with_the_same_bytes(row, window, whole, tmp_path):
    asked = []

    def failing(seed):
        asked.extend(seed.tolist())
        if 10 + row in seed:
            raise error(Code.UNAVAILABLE, "gone")
        return squares(seed)

    with pytest.raises(Unavailable, match="gone"):
        do(tmp_path / "out", model(failing), window=window)
    written = len(list((tmp_path / "out").glob("*.npz")))
    assert written <= row // 32
    assert do(tmp_path / "out", model(), window=window) == batch.Finished(1, 100, 4, 4 - written)
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize("spoil", ["remove", "cut"])
def test_a_shard_that_is_not_as_it_was_written_is_written_again(spoil, whole, tmp_path):
    do(tmp_path / "out", model())
    shard = tmp_path / "out" / "shard-00001.npz"
    if spoil == "remove":
        shard.unlink()
    else:
        shard.write_bytes(shard.read_bytes()[:-1])
    assert do(tmp_path / "out", model()).written == 1
    assert contents(tmp_path / "out") == whole
    assert do(tmp_path / "out", model()).written == 0


def test_files_left_by_a_kill_do_no_harm(whole, tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("manifest.json", "shard-00000.npz"):
        (tmp_path / "out" / f".{name}.writing").write_bytes(b"half")
    do(tmp_path / "out", model())
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize(
    ("job", "rows", "difference"),
    [
        (JOB, Seeds(10, 111), r"rows was 100, now 101; seeds was \[10, 110\], now \[10, 111\]"),
        (Job("m", "f", request=16, shard=32), None, "request_rows was 8, now 16"),
        (Job("m", "f", request=8, shard=64), None, "shard_rows was 32, now 64"),
        (Job("m", "f", ["y"], request=8, shard=32), None, r'outputs was \[\], now \["y"\]'),
        (Job("m", "f", format="tfrecord", request=8, shard=32), None, 'format was "npz", now "tfrecord"'),
    ],
)
def test_another_job_in_the_same_folder_is_refused_with_what_differs(job, rows, difference, whole, tmp_path):
    do(tmp_path / "out", model())
    with pytest.raises(JobError, match=f"begun by another job: {difference}. Repeat that job"):
        do(tmp_path / "out", model(), job, rows)
    assert contents(tmp_path / "out") == whole


def test_a_job_keeps_its_version(tmp_path):
    old, new = model(), model(lambda seed: {**squares(seed), "z": seed}, version=2)
    folder = tmp_path / "out"
    do(folder, old)
    (folder / "shard-00002.npz").unlink()
    with pytest.raises(JobError, match=r"begun with version 1 of m, which the server does not have .*Specific\(m, 1\)"):
        do(folder, new)
    with pytest.raises(JobError, match="version was 1, now 2"):
        do(folder, new, Job("m", "f", version=2, request=8, shard=32))
    assert do(folder, old).version == 1


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (Job("m", "g"), "has no signature 'g'. It has: f"),
        (Job("m", "f", ["q"]), "has no output 'q'. It has: y, z"),
    ],
)
def test_signatures_and_outputs_that_the_model_does_not_have(job, message, tmp_path):
    with pytest.raises(JobError, match=message):
        do(tmp_path / "out", model(), job)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"), [({"format": "csv"}, "received 'csv'"), ({"request": 0}, "received 0")]
)
def test_impossible_jobs(options, message):
    with pytest.raises(JobError, match=message):
        Job("m", "f", **options)


def test_text_goes_into_records_only(tmp_path):
    spec = {"t": TensorSpec("string", (None,))}
    texts = FakeServer({"m": {"f": Function(lambda seed: {"t": [b"\x00%d\x00" % s for s in seed]}, SEEDS, spec)}})
    with pytest.raises(JobError, match="'t' is text"):
        do(tmp_path / "out", texts)
    do(tmp_path / "out", texts, Job("m", "f", format="tfrecord"), Seeds(0, 3))
    rows = batch.read_inputs(tmp_path / "out").take(0, 3)
    assert rows["t"][:, 0].tolist() == [b"\x000\x00", b"\x001\x00", b"\x002\x00"]


def test_an_output_without_rows_is_refused(tmp_path):
    total = FakeServer({"m": {"f": Function(lambda seed: {"y": seed.sum()}, SEEDS, {"y": TensorSpec("int64", ())})}})
    with pytest.raises(InvalidRequest, match="not one value for each row"):
        do(tmp_path / "out", total)


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(JobError, match=r"has other files \(thesis.txt\)"):
        do(tmp_path, model())
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(JobError, match="not a batch job's manifest"):
        do(tmp_path, model())


def test_two_jobs_do_not_share_a_folder(tmp_path):
    entered, leave = threading.Event(), threading.Event()

    def slow(seed):
        entered.set()
        leave.wait(20)
        return squares(seed)

    thread = threading.Thread(target=do, args=(tmp_path / "out", model(slow)))
    thread.start()
    try:
        assert entered.wait(20)
        with pytest.raises(JobError, match="Another process is writing"):
            do(tmp_path / "out", model())
    finally:
        leave.set()
        thread.join()
    assert len(list((tmp_path / "out").glob("*.npz"))) == 4


def command(address, out):
    words = f"batch affine --seeds 0:10000 --rows 10 --shard-rows 100 --server {address} --out {out} --window 2"
    return [sys.executable, "-m", "zoo", *words.split()]


def test_killed_and_started_again_over_a_real_server(address, tmp_path):
    """kill -9 at several moments: the folder ends with the bytes of an uninterrupted job."""
    subprocess.run(command(address, tmp_path / "whole"), check=True, capture_output=True)
    random, kills = np.random.default_rng(0), 0
    out = tmp_path / "killed"
    for shards in (0, 2, 9):
        process = subprocess.Popen(command(address, out), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(list(out.glob("shard-*"))) <= shards:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.02))
        os.kill(process.pid, signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        process.stdout.close()
    assert kills == 3, "every one was killed before it was done"
    done = subprocess.run(command(address, out), check=True, capture_output=True, text=True).stdout
    written = int(done.split("(")[1].split(" of 100 shards")[0])
    assert 0 < written <= 100 - 9
    assert contents(out) == contents(tmp_path / "whole")
    found = arrays(out)
    assert np.array_equal(found["seed"], np.arange(10000))
    assert np.array_equal(found["images"][:, 0, 0, 0], np.arange(10000) * 3.0)


def test_a_job_survives_a_restart_of_the_server(models, tmp_path):
    """With the retries of `zoo batch` a job continues when the server is back on its port."""
    server, begun, seen = Server(ServerConfig(StoreConfig(models), port=0)), threading.Event(), []

    def observe(call):
        seen.append(call)
        if call.method == PREDICT:
            begun.set()

    def work():
        patient = {"retries": 10**6, "retry_on": TRANSIENT, "timeout": 60}
        job = Job("affine", "sample", request=1, shard=500)
        with Client(server.address, **patient, observe=observe) as client:
            batch.run(client, job, Seeds(0, 2000), tmp_path / "out", progress=False)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(20)
    server.stop(0)
    server = Server(ServerConfig(StoreConfig(models), port=server.port))
    try:
        thread.join()
    finally:
        server.stop(0)
    assert sum(call.retries for call in seen) > 0
    assert np.array_equal(arrays(tmp_path / "out")["images"][:, 0, 0, 0], np.arange(2000) * 3.0)

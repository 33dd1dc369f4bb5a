"""A real server process under load: versions are swapped, deleted, half copied, cut short, and no request fails."""

import contextlib
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from serving import Client

pytestmark = pytest.mark.slow

CLIENTS = 8
SWAPS = 30
MANY, WARM, GROWTH = 360, 60, 40
"""Swaps, of which so many warm the process up, after which it may grow by so many MiB: two hours' worth where a
trainer brings a version every 20 seconds. A server that kept its versions would grow by 1.5 MiB with each."""


class Folder:
    """The versions of `affine` as a deployment brings and takes them: whole, by renaming. Odd ones multiply by 1, even
    ones by 3."""

    def __init__(self, models, base):
        self._sources = {1: models / "affine" / "1", 0: models / "affine" / "3"}
        self.base, self._beside = base / "affine", base.with_name("beside")
        self.base.mkdir(parents=True)

    def source(self, version):
        return self._sources[version % 2]

    def add(self, version):
        shutil.copytree(self.source(version), self._beside)
        self._beside.rename(self.base / str(version))

    def drop(self, version):
        shutil.rmtree(self.base / str(version))


@pytest.fixture
def folder(models, tmp_path):
    made = Folder(models, tmp_path / "models")
    made.add(1)
    return made


@contextlib.contextmanager
def load(address, clients=CLIENTS):
    """Clients that ask until one is refused -> the versions that answered; in the end, none may have been refused."""
    answers, failures, stop = [], [], threading.Event()

    def ask():
        with Client(address, retries=0, timeout=60) as client:
            while not stop.is_set():
                try:
                    reply = client.predict("affine", {"seed": [7]}, signature="sample")
                    assert reply["images"][0, 0, 0, 0] == 7 * (1 if reply.version % 2 else 3)
                    answers.append(reply.version)
                except Exception as failure:
                    failures.append(failure)
                    stop.set()

    askers = [threading.Thread(target=ask) for _ in range(clients)]
    for asker in askers:
        asker.start()
    try:
        yield answers
    finally:
        stop.set()
        for asker in askers:
            asker.join()
        assert failures == []
    assert len(answers) > clients


def answered_by(answers, version, seconds=60):
    end = time.monotonic() + seconds
    while version not in answers[-CLIENTS:]:
        assert time.monotonic() < end, f"version {version} did not answer; the last was {answers[-1:]}"
        time.sleep(0.02)


@pytest.mark.parametrize("flags", [[], ["--enable_batching"]], ids=["plain", "batching"])
def test_a_swap_every_second_fails_no_request(folder, launch, flags):
    running = launch("--models", folder.base.parent, "--file_system_poll_wait_seconds=0.1", *flags)
    with load(running.address) as answers:
        for version in range(2, SWAPS + 2):
            due = time.monotonic() + 1
            folder.add(version)
            answered_by(answers, version)
            folder.drop(version - 1)
            time.sleep(max(0, due - time.monotonic()))
    assert set(answers) == set(range(1, SWAPS + 2))


def test_memory_is_flat_over_hours_of_swaps(folder, launch):
    running = launch("--models", folder.base.parent, "--file_system_poll_wait_seconds=0.01")
    sizes = []
    with load(running.address, 2) as answers:
        for version in range(2, MANY + 2):
            folder.add(version)
            answered_by(answers, version)
            folder.drop(version - 1)
            sizes.append(resident(running.process.pid))
    before, after = max(sizes[WARM - 20 : WARM]), min(sizes[-20:])
    assert after - before < GROWTH, f"resident MiB, every 20 swaps: {sizes[::20]}"


def resident(pid):
    """MiB of memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def test_a_version_deleted_under_load_gives_way_to_the_one_before(folder, launch):
    folder.add(2)
    running = launch("--models", folder.base.parent, "--file_system_poll_wait_seconds=0.1")
    with load(running.address) as answers:
        answered_by(answers, 2)
        # File by file, as rm -r does it: what is loaded answers while its folder is half gone.
        (folder.base / "2" / "saved_model.pb").unlink()
        time.sleep(0.5)
        assert answers[-1] == 2
        folder.drop(2)
        answered_by(answers, 1)
        folder.add(2)
        answered_by(answers, 2)


def test_a_version_copied_slowly_under_load_answers_once_it_is_whole(folder, launch):
    running = launch("--models", folder.base.parent, "--file_system_poll_wait_seconds=0.1")
    files = sorted(p.relative_to(folder.source(2)) for p in folder.source(2).rglob("*") if p.is_file())
    last = [Path("saved_model.pb"), Path("variables/variables.data-00000-of-00001"), Path("variables/variables.index")]
    with load(running.address) as answers:
        for file in [*(f for f in files if f not in last), *last]:
            assert set(answers) <= {1}
            target = folder.base / "2" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder.source(2) / file, target)
            time.sleep(0.3)
        answered_by(answers, 2)


COPY = """
import resource, shutil, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
shutil.copytree(sys.argv[1], sys.argv[2])
"""


def test_a_disk_that_is_full_leaves_the_old_version_serving(folder, launch, tmp_path):
    """A copy that ends in the middle of its weights, all names being there; then there is room, and it goes on."""
    module = tf.Module()
    module.weights = tf.Variable(tf.ones((300, 300)))
    spec = tf.TensorSpec((None,), tf.int64, "seed")
    sample = tf.function(
        lambda seed: {"images": tf.cast(seed[:, None, None, None], tf.float32) * tf.reduce_mean(module.weights) * 3},
        input_signature=[spec],
    )
    tf.saved_model.save(module, str(tmp_path / "large"), signatures={"sample": sample})
    running = launch("--models", folder.base.parent, "--file_system_poll_wait_seconds=0.1")
    with Client(running.address) as client, load(running.address) as answers:
        copied = subprocess.run(
            [sys.executable, "-c", COPY, str(tmp_path / "large"), str(folder.base / "2"), "100000"],
            capture_output=True,
            text=True,
        )
        assert "File too large" in copied.stderr
        assert (folder.base / "2" / "saved_model.pb").is_file()
        end = time.monotonic() + 30
        while not (newest := client.status("affine")[0]).message:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert (newest.version, newest.state) == (2, "LOADING")
        assert np.unique(answers).tolist() == [1]
        assert client.predict("affine", {"seed": [7]}, signature="sample").version == 1
        shutil.copytree(tmp_path / "large", folder.base / "2", dirs_exist_ok=True)
        answered_by(answers, 2)

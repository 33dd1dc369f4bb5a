"""Runs: true means, resumption, several processes, and what is left when something goes wrong."""

import csv
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import data
from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.errors import UserError
from zoo.data.splits import Arrays
from zoo.training import record, run, strategy
from zoo.training.trainer import Diverged, Trainer


def config(model="vae", parameters=None, **training):
    training = {"epochs": 2, "batch_size": 64, "jit": "off", **training}
    small = {"vae": {"hidden": (16,), "latent": 2}, "dcgan": {"width": 8}}
    return RunConfig(
        model,
        "digits",
        parameters=parameters or small[model],
        training=registry.get(model).config(**training),
    )


def weights(model):
    return np.concatenate([v.numpy().ravel() for n in model.networks for v in n.variables])


def rows(folder):
    with (folder / "log.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_a_run_folder_holds_everything(tmp_path):
    folder = tmp_path / "run"
    run.train(config(ema=0.9), folder, command="zoo train vae")
    written = json.loads((folder / "config.json").read_text())
    assert record.read(folder)[0] == config(ema=0.9)
    assert written["command"] == "zoo train vae"
    assert written["versions"]["tensorflow"] == tf.__version__
    assert record.read(folder)[1] == data.load("digits").spec
    assert sorted(p.name for p in (folder / "samples").iterdir()) == ["epoch-0001.png", "epoch-0002.png"]
    assert [row["epoch"] for row in rows(folder)] == ["1", "2"]
    events = next((folder / "events").iterdir())
    tags = {v.tag for e in tf.compat.v1.train.summary_iterator(str(events)) for v in e.summary.value}
    assert tags == {"vae/loss", "vae/reconstruction", "vae/kl", "vae/gradient_norm"}


def test_epoch_means_are_true_means(tmp_path):
    """Fact 5: neither the last batch's values nor a moving average."""
    done = run.train(config(), tmp_path / "run")
    digits = data.load("digits")
    model = run.build(config(), digits.spec)
    trainer = Trainer(model, config().training, strategy.get("one"), total_steps=done.steps)
    terms = list(trainer.run(iter(digits.train.batches(64, seed=0)), done.steps))
    for row, epoch in zip(rows(tmp_path / "run"), np.split(np.arange(done.steps), 2), strict=True):
        mean = np.mean([terms[i]["vae/kl"] for i in epoch])
        assert float(row["vae/kl"]) == pytest.approx(mean, rel=1e-6)
        assert float(row["vae/kl"]) != pytest.approx(terms[epoch[-1]]["vae/kl"], rel=1e-4)


def test_killed_in_mid_epoch_and_started_again(tmp_path):
    """kill -9, the same command again: the weights and the log of a run that was never interrupted."""
    command = [sys.executable, "-m", "zoo", "train", "dcgan", "width=8", "--data", "digits", "--epochs", "4",
               "--batch-size", "64",
               "--ema", "0.9", "--checkpoint-every", "7", "--out", str(tmp_path / "killed")]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    steps = data.load("digits").train.count // 64
    try:
        while _checkpoint(tmp_path / "killed") <= steps:
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    at = _checkpoint(tmp_path / "killed")
    assert steps < at < 4 * steps
    assert at % steps, "killed between epochs: nothing shown"
    subprocess.run(command, check=True, capture_output=True)
    run.train(config("dcgan", epochs=4, ema=0.9, checkpoint_every=7, jit="auto"), tmp_path / "whole")
    finals = [weights(run.restore(tmp_path / name)[0]) for name in ("killed", "whole")]
    assert np.array_equal(*finals)
    assert rows(tmp_path / "killed") == rows(tmp_path / "whole")


def _checkpoint(folder):
    latest = tf.train.latest_checkpoint(str(folder / "checkpoints"))
    return int(latest.rpartition("-")[2]) if latest else -1


def test_a_finished_run_can_be_made_longer(tmp_path):
    run.train(config(epochs=1), tmp_path / "a")
    assert not run.train(config(epochs=1), tmp_path / "a").trained
    longer = run.train(config(epochs=2), tmp_path / "a")
    straight = run.train(config(epochs=2), tmp_path / "b")
    assert longer.trained
    assert np.array_equal(weights(longer.model), weights(straight.model))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The run of the next test, from beginning to end."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run.train(config(epochs=12, jit="auto"), folder)
    return folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_a_checkpoint_of_the_step(tmp_path, uninterrupted, number):
    """SLURM and Kubernetes send SIGTERM; the same command ends on the weights of a run that was never interrupted."""
    command = [sys.executable, "-m", "zoo", "train", "vae", "hidden=16", "latent=2", "--data", "digits", "--epochs",
               "12", "--batch-size", "64", "--out", str(tmp_path / "stopped")]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while not rows_or_none(tmp_path / "stopped"):
        assert process.poll() is None, "the run ended before it could be stopped"
        time.sleep(0.01)
    process.send_signal(number)
    message = process.communicate(timeout=60)[1]
    assert process.returncode == (130 if number == signal.SIGINT else 1)
    at = _checkpoint(tmp_path / "stopped")
    assert f"stopped after step {at}, whose checkpoint is kept" in message
    subprocess.run(command, check=True, capture_output=True)
    assert np.array_equal(weights(run.restore(tmp_path / "stopped")[0]), weights(run.restore(uninterrupted)[0]))
    assert rows(tmp_path / "stopped") == rows(uninterrupted)


def rows_or_none(folder):
    return rows(folder) if (folder / "log.csv").exists() else []


def test_the_number_of_epochs_never_falls(tmp_path):
    done = run.train(config(epochs=2), tmp_path / "a")
    again = run.train(config(epochs=1), tmp_path / "a")
    assert not again.trained
    assert again.steps == done.steps
    assert record.read(tmp_path / "a")[0].training.epochs == 2


def digits_of(count):
    """The digits, fewer of them, as a set of the same name."""
    digits = data.load("digits")
    train = digits.train.arrays(count)
    return dataclasses.replace(digits, train=Arrays(train))


def test_data_that_has_changed_is_refused_and_nothing_is_lost(tmp_path):
    run.train(config(epochs=1), tmp_path / "a", data=digits_of(200))
    before = {p: p.read_bytes() for p in (tmp_path / "a").rglob("*") if p.is_file()}
    with pytest.raises(UserError, match=r"digits has changed since .* was trained \(200 \+ "):
        run.train(config(epochs=2), tmp_path / "a", data=digits_of(300))
    with pytest.raises(UserError, match=r"was trained on other data: image: image 8x8x1.* Now digits has"):
        run.train(config(epochs=2), tmp_path / "a", data=data.load("digits", size=16))
    assert {p: p.read_bytes() for p in (tmp_path / "a").rglob("*") if p.is_file()} == before


def test_a_run_of_another_version_is_refused(tmp_path):
    """Version 0.1 wrote {"spec": {"shape": ...}} and no format."""
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"config": {}, "spec": {"shape": [8, 8, 1], "classes": 10}}))
    for attempt in (lambda: run.restore(folder), lambda: run.train(config(), folder)):
        with pytest.raises(UserError, match=r"written by another version of this package \(format of 0\.1, here 2\)"):
            attempt()


def test_the_weights_of_another_model_are_refused(tmp_path):
    run.train(config(epochs=1), tmp_path / "a")
    written = json.loads((tmp_path / "a" / "config.json").read_text())
    written["config"]["parameters"]["latent"] = 3
    (tmp_path / "a" / "config.json").write_text(json.dumps(written))
    with pytest.raises(UserError, match="holds the weights of another model"):
        run.restore(tmp_path / "a")


def test_callbacks_see_epochs_and_can_end_the_run(tmp_path):
    seen, epochs = [], []
    watching = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    stopping = keras.callbacks.EarlyStopping(monitor="vae/loss", mode="min", patience=1, min_delta=1e9)
    callbacks = [lambda epoch, means: seen.append((epoch, means["vae/loss"])), watching, stopping]
    done = run.train(config(epochs=9), tmp_path / "a", callbacks=callbacks)
    assert [epoch for epoch, _ in seen] == [1, 2]
    assert epochs == [0, 1]
    assert [float(row["vae/loss"]) for row in rows(tmp_path / "a")] == pytest.approx([loss for _, loss in seen])
    assert done.steps == 2 * (data.load("digits").train.count // 64)
    with pytest.raises(UserError, match=r"A callback is a keras\.callbacks\.Callback or a function.* received 3"):
        run.train(config(), tmp_path / "b", callbacks=[3])


def test_another_run_in_the_same_folder_is_refused(tmp_path):
    run.train(config(epochs=1), tmp_path / "a")
    before = (tmp_path / "a" / "config.json").read_text()
    with pytest.raises(UserError, match=r"other options \(seed: 0, 3: kept, asked for\)"):
        run.train(config(epochs=1, seed=3), tmp_path / "a")
    assert (tmp_path / "a" / "config.json").read_text() == before
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="neither empty nor a run"):
        run.train(config(), tmp_path / "b")
    with pytest.raises(UserError, match=r"is not a run: it has no config\.json"):
        run.restore(tmp_path / "b")


def test_nan_stops_with_step_player_and_term_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    good = run.train(config(epochs=1), tmp_path / "run")
    from zoo.vaes import family

    monkeypatch.setattr(family, "kl_standard_normal", lambda mean, log_variance: mean[:, 0] * np.nan)
    message = f"At step {good.steps} the vae's term 'kl' became nan.*The last checkpoint, of step {good.steps}, is from"
    with pytest.raises(Diverged, match=message):
        run.train(config(epochs=2), tmp_path / "run")
    with pytest.raises(Diverged, match=r"At step 0 .*or --precision float32\.$"):
        run.train(config(epochs=1), tmp_path / "other")
    assert np.array_equal(weights(run.restore(tmp_path / "run")[0]), weights(good.model))


def test_spoilt_weights_are_never_saved(tmp_path):
    digits = data.load("digits")
    model = run.build(config(), digits.spec)
    trainer = Trainer(model, config().training, strategy.get("one"), total_steps=1)
    trainer.check_weights()
    model.networks[0].trainable_variables[0].assign(model.networks[0].trainable_variables[0] * np.inf)
    with pytest.raises(Diverged, match="the vae's weights became infinite or NaN"):
        trainer.check_weights()


def test_the_moving_average_is_what_is_restored(tmp_path):
    done = run.train(config(epochs=1, ema=0.999), tmp_path / "run")
    averaged, _ = run.restore(tmp_path / "run")
    assert not np.allclose(weights(averaged), weights(done.model))
    digits = data.load("digits")
    model = run.build(config(ema=0.999), digits.spec)
    trainer = Trainer(model, config(ema=0.999).training, strategy.get("one"), total_steps=done.steps)
    average = weights(model)
    batches = iter(digits.train.batches(64, seed=0))
    for t in range(done.steps):
        list(trainer.run(batches, 1))
        keep = min(0.999, (1 + t) / (10 + t))
        average = keep * average + (1 - keep) * weights(model)
    np.testing.assert_allclose(weights(averaged), average, atol=1e-5)


@pytest.mark.slow
def test_two_worker_processes_end_on_equal_weights(tmp_path, two_replicas):
    """Fact 7: a GAN under MultiWorkerMirroredStrategy, two real processes, and the same as two mirrored replicas."""
    ports = [_free_port(), _free_port()]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    script = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from zoo.core.config import RunConfig; from zoo.training import run\n"
        "done = run.train(RunConfig.from_json(sys.argv[1]), Path(sys.argv[2]))\n"
        "np.save(sys.argv[3], np.concatenate([v.numpy().ravel() for n in done.model.networks for v in n.variables]))\n"
    )
    options = config("dcgan", epochs=1, strategy="multiworker", clip_norm=1.0)
    # What is restored is then what was trained, not its moving average.
    options = dataclasses.replace(options, training=dataclasses.replace(options.training, ema=None))
    workers = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                script,
                options.to_json(),
                str(tmp_path / "run"),
                str(tmp_path / f"{i}.npy"),
            ],
            env={
                **os.environ,
                "TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}}),
            },
            stderr=subprocess.PIPE,
        )
        for i in range(2)
    ]
    try:
        errors = [w.communicate(timeout=240)[1].decode() for w in workers]
    finally:
        for w in workers:
            w.kill()
    assert [w.returncode for w in workers] == [0, 0], "\n".join(errors)
    first, second = (np.load(tmp_path / f"{i}.npy") for i in range(2))
    assert np.array_equal(first, second)
    training = dataclasses.replace(options.training, strategy="mirrored", replicas=2)
    mirrored = run.train(dataclasses.replace(options, training=training), tmp_path / "mirrored")
    np.testing.assert_allclose(first, weights(mirrored.model), atol=1e-5)
    assert np.array_equal(first, weights(run.restore(tmp_path / "run")[0]))


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

"""A run: a folder that holds its configuration, checkpoints, log and pictures, and can always be continued.

RUN/config.json     the whole configuration, the data's shape, the command, versions of packages
RUN/checkpoints/    the last two, each with all that an equal continuation needs
RUN/log.csv         means of each epoch; the same for TensorBoard in RUN/events/
RUN/samples/        a picture after each epoch
"""

import dataclasses
import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tqdm import tqdm

from serving.protocol import extras
from serving.protocol.files import write_whole
from zoo import data as datasets
from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.errors import UserError
from zoo.core.model import GenerativeModel, Spec
from zoo.display import pictures
from zoo.training import strategy
from zoo.training.callbacks import EpochMeans, Log, SampleGrids
from zoo.training.diagnosis import Diagnosis
from zoo.training.trainer import Trainer, moves

PACKAGES = (extras.DISTRIBUTION, "tensorflow", "keras", "tensorflow-probability", "numpy")


def versions() -> dict[str, str]:
    """Of the packages that decide what a run computes."""
    return {name: metadata.version(name) for name in PACKAGES}


def build(config: RunConfig, spec: Spec) -> GenerativeModel:
    """The model with its initial weights, which follow from the run's seed."""
    keras.utils.set_random_seed(config.training.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.training.precision)
    try:
        return registry.get(config.model)(spec, **config.parameters)
    finally:
        keras.config.set_dtype_policy(before)


@dataclass(frozen=True)
class Finished:
    """What a training came to: the model, the steps taken in all, and whether there was anything left to do."""

    model: GenerativeModel
    steps: int
    trained: bool


def train(config: RunConfig, folder: Path, *, command: str = "") -> Finished:
    """Trains from the start, or from the last checkpoint in `folder`, to the last epoch.

    The weights at the end are those of a run that was never interrupted. Errors: UserError, Diverged.
    """
    training = config.training
    placed = strategy.get(training.strategy, training.replicas)
    chief = strategy.worker(placed)[0] == 0
    data = datasets.load(config.data, size=config.size, channels=config.channels)
    with placed.scope():
        model = build(config, data.spec)
        steps = _steps_per_epoch(data, model, config)
        trainer = Trainer(model, training, placed, total_steps=steps * training.epochs)
    if chief:
        _claim(folder, config, data.spec, command, fixed=trainer.scheduled)
    means, last = EpochMeans(), steps * training.epochs
    with _Checkpoints(trainer, means, folder, chief=chief) as checkpoints:
        checkpoints.restore()
        first = int(trainer.progress.numpy())
        if first < last:
            reports = _Reports(folder, data, trainer, first // steps) if chief else None
            try:
                _loop(trainer, means, _batches(data, trainer, last), steps, checkpoints, reports)
            except tf.errors.OpError as error:
                raise datasets.raised_in(error) or error from None
    return Finished(model, last, first < last)


def _batches(data: datasets.Data, trainer: Trainer, last: int) -> Iterator[Any]:
    """Those of the steps from where the trainer stands to the last."""
    config, each, first = trainer.config, trainer.batches_per_step, int(trainer.progress.numpy())
    return strategy.iterate(
        trainer.strategy,
        lambda worker, workers: data.train.batches(
            config.batch_size,
            seed=config.seed,
            first_step=first * each,
            steps=(last - first) * each,
            share=(worker, workers),
        ),
    )


def _steps_per_epoch(data: datasets.Data, model: GenerativeModel, config: RunConfig) -> int:
    batches = max(moves(model, config.training).values())
    steps = data.train.count // (config.training.batch_size * batches)
    if not steps:
        raise UserError(
            f"{data.name} has {data.train.count} examples to train on, fewer than one turn takes "
            f"({config.training.batch_size} x {batches}). Lower --batch-size."
        )
    return steps


class _Reports:
    """The chief's log, pictures and progress bar."""

    def __init__(self, folder: Path, data: datasets.Data, trainer: Trainer, epoch: int) -> None:
        self._trainer, self._log = trainer, Log(folder, epoch)
        examples = next(iter(data.test.batches(min(SampleGrids.COUNT // 2, data.test.count), seed=0)))
        self._grids = SampleGrids(folder, trainer.model, examples)
        self._diagnosis = Diagnosis(trainer.model, examples)
        self._since = time.monotonic()

    def epoch(self, number: int, means: EpochMeans) -> None:
        now = time.monotonic()
        with self._trainer.averaged():
            self._grids.write(number)
            means.add(self._diagnosis.watch())
        step = int(self._trainer.progress.numpy())
        self._log.write(number, step, now - self._since, means.result())
        self._since = now
        for text in self._diagnosis.warnings({"step": step, **means.result()}):
            tqdm.write(f"epoch {number}: {text}", file=sys.stderr)


def _loop(
    trainer: Trainer,
    means: EpochMeans,
    batches: Iterator[Any],
    steps: int,
    checkpoints: "_Checkpoints",
    reports: _Reports | None,
) -> None:
    """Epoch by epoch from where the trainer stands. The log is written before the checkpoint: a crash between the
    two repeats an epoch's row, which the next start drops, and never loses one."""
    epochs, every = trainer.config.epochs, trainer.config.checkpoint_every
    done = int(trainer.progress.numpy())
    with tqdm(total=steps * epochs, initial=done, unit="step", disable=reports is None, dynamic_ncols=True) as bar:
        while done < steps * epochs:
            epoch = done // steps + 1
            bar.set_description(f"epoch {epoch}/{epochs}")
            stop = min(epoch * steps, (done // every + 1) * every if every else epoch * steps)
            for terms in trainer.run(batches, stop - done):
                means.add(terms)
                bar.update()
            done, ended = stop, stop == epoch * steps
            if ended and reports:
                reports.epoch(epoch, means)
            bar.set_postfix_str("  ".join(f"{k} {v:.3g}" for k, v in means.result().items()))
            if ended:
                means.reset()
            checkpoints.save()


class _Checkpoints:
    """The last two checkpoints of a run. Every worker saves, since saving is collective; only the chief's stay."""

    def __init__(self, trainer: Trainer, means: EpochMeans, folder: Path, *, chief: bool) -> None:
        self._trainer, self._source = trainer, folder / "checkpoints"
        self._scratch = None if chief else tempfile.mkdtemp()
        self._checkpoint = trainer.checkpoint()
        self._checkpoint.means = means
        self._manager = tf.train.CheckpointManager(self._checkpoint, self._scratch or str(self._source), max_to_keep=2)

    def restore(self) -> None:
        latest = tf.train.latest_checkpoint(str(self._source))
        if latest:
            self._checkpoint.restore(latest).assert_consumed()

    def save(self) -> None:
        self._trainer.check_weights()
        self._manager.save(checkpoint_number=self._trainer.progress)

    def __enter__(self) -> "_Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _claim(folder: Path, config: RunConfig, spec: Spec, command: str, *, fixed: bool) -> None:
    """Writes the configuration, or makes sure that the folder's run is this one, the number of epochs apart.

    That number is `fixed` too where what a step does depends on it.
    """
    path = folder / "config.json"
    if path.exists():
        kept, _ = read(folder)
        longer = dataclasses.replace(config.training, epochs=kept.training.epochs)
        changed = kept.differences(dataclasses.replace(config, training=longer))
        if fixed and kept.training.epochs != config.training.epochs:
            changed = kept.differences(config)
        if changed:
            raise UserError(
                f"{folder} holds a run with other options ({'; '.join(changed)}: kept, asked for). Give them as they "
                "were to continue it, or another --out."
            )
    elif folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is neither empty nor a run (it has no config.json). Give another --out.")
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "config": dataclasses.asdict(config),
        "spec": spec._asdict(),
        "command": command,
        "versions": versions(),
    }
    write_whole(path, json.dumps(record, indent=2) + "\n")


def read(folder: Path) -> tuple[RunConfig, Spec]:
    """A run's configuration and the shape of its data. Errors: UserError if the folder holds no run."""
    try:
        record = json.loads((folder / "config.json").read_text())
        kept = record["spec"]
        spec = Spec(tuple(kept["shape"]), kept["classes"], tuple(kept["other"]) if kept.get("other") else None)
        return RunConfig.from_json(json.dumps(record["config"])), spec
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"{folder} is not a run: it has no config.json. `zoo train MODEL --out {folder}` makes one."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder / 'config.json'} cannot be read ({error}). Train again to another --out.") from None


def seconds(folder: Path) -> float:
    """What a run's epochs took so far, its pictures included; NaN where none is over."""
    try:
        return sum(pictures.read_log(folder / "log.csv").get("seconds", ())) or math.nan
    except FileNotFoundError:
        return math.nan


def restore(folder: Path) -> tuple[GenerativeModel, RunConfig]:
    """The trained model of a run, in float32, with its moving averages where the run kept them.

    Errors: UserError if there is no run or no checkpoint in it.
    """
    config, spec = read(folder)
    latest = tf.train.latest_checkpoint(str(folder / "checkpoints"))
    if latest is None:
        raise UserError(
            f"{folder} has no checkpoint yet: its first epoch is not over. Run its `zoo train` command again."
        )
    exact = dataclasses.replace(config.training, precision="float32")
    model = build(dataclasses.replace(config, training=exact), spec)
    trainer = Trainer(model, exact, tf.distribute.get_strategy(), total_steps=1)
    whole = trainer.checkpoint()
    weights = tf.train.Checkpoint(weights=whole.weights, averages=whole.averages)
    weights.restore(latest).assert_existing_objects_matched().expect_partial()
    trainer.adopt_averages()
    return model, config

"""A run: a folder that holds its configuration, checkpoints, log and previews, and can always be continued.

RUN/config.json     the whole configuration, the data's features and fingerprint, the command, versions of packages
RUN/checkpoints/    the last two, each with all that an equal continuation needs
RUN/log.csv         means of each epoch; the same for TensorBoard in RUN/events/
RUN/samples/        a preview after each epoch
RUN/networks/       networks of the user's own, as they were before training
"""

import dataclasses
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from zoo import data as datasets
from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.errors import Failure, UserError
from zoo.core.features import Spec
from zoo.core.model import GenerativeModel
from zoo.display import pictures
from zoo.training import networks as own_networks
from zoo.training import record, strategy
from zoo.training.callbacks import Callback, Callbacks, EpochMeans, Log, Previews
from zoo.training.checkpoints import Checkpoints, latest, restore_weights
from zoo.training.diagnosis import Diagnosis
from zoo.training.interrupt import Interrupt
from zoo.training.progress import Progress
from zoo.training.trainer import Diverged, Trainer, updates

_OUTSIDE = (
    tf.errors.ResourceExhaustedError,
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.DataLossError,
)
"""Errors of TensorFlow that a full disk, little memory or a lost worker cause."""


def build(config: RunConfig, spec: Spec, networks: Mapping[str, keras.Model] | None = None) -> GenerativeModel:
    """The model with its initial weights, which follow from the run's seed."""
    keras.utils.set_random_seed(config.training.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.training.precision)
    try:
        return registry.get(config.model)(spec, networks, **config.parameters)
    finally:
        keras.config.set_dtype_policy(before)


class Interrupted(Failure):
    """A signal ended the run after a checkpoint: the same command continues from there."""


@dataclass(frozen=True)
class Finished:
    """The result of a training: the model, the steps taken in all, and whether any were taken now."""

    model: GenerativeModel
    steps: int
    trained: bool


def train(
    config: RunConfig,
    folder: Path,
    *,
    data: datasets.Data | None = None,
    networks: Mapping[str, keras.Model] | None = None,
    callbacks: Sequence[Callback] = (),
    command: str = "",
) -> Finished:
    """Trains from the start, or from the last checkpoint in `folder`, to the last epoch.

    The weights at the end are those of a run that was never interrupted. Everything is checked before the folder is
    changed.

    Args:
      data: what to train on; by default `config.data` is loaded.
      networks: the user's own, by the names of those that they replace; copies of them are trained.

    Errors: UserError; Diverged; Interrupted, or KeyboardInterrupt after Ctrl-C, both after a checkpoint.
    """
    training = config.training
    placed = strategy.get(training.strategy, training.replicas)
    index, workers = strategy.worker(placed)
    data = data or datasets.load(config.data, **config.loading)
    files = own_networks.files(folder, networks or {})
    with placed.scope():
        model = build(config, data.spec, own_networks.models(files))
        steps = _steps_per_epoch(data, model, config)
        trainer = Trainer(model, training, placed, total_steps=steps * training.epochs)
    means, last = EpochMeans(), steps * training.epochs
    own = Callbacks(callbacks, model, training.epochs, steps)
    known = record.check(folder, config, data, fixed=trainer.scheduled)
    with Checkpoints(trainer, means, folder, chief=index == 0) as checkpoints:
        checkpoints.restore()
        first = int(trainer.step.numpy())
        if index == 0 and not (known and first >= last):
            record.write(folder, config, data, command)
            own_networks.write(folder, files)
        if first < last:
            if index == 0:
                print(data.summary, file=sys.stderr, flush=True)
            reports = _Reports(folder, data, trainer, steps, own) if index == 0 else None
            try:
                _loop(trainer, means, _batches(data, trainer, last), steps, checkpoints, reports, alone=workers == 1)
            except Diverged as error:
                raise Diverged(f"{error} {Diverged.REMEDY}{_kept(folder)}") from None
            except tf.errors.OpError as error:
                raise _readable(error, folder) or error from None
    return Finished(model, int(trainer.step.numpy()), first < last)


def _kept(folder: Path) -> str:
    path = latest(folder)
    return f" The last checkpoint, of step {path.rpartition('-')[2]}, is from before." if path else ""


def _readable(error: tf.errors.OpError, folder: Path) -> Exception | None:
    """What to tell a person: broken data, or a failure outside the program; None for anything else."""
    if found := datasets.raised_in(error):
        return found
    if not isinstance(error, _OUTSIDE):
        return None
    first = (error.message or "no message").splitlines()[0][:200]
    return Failure(
        f"Training ended ({type(error).__name__}: {first}). Free disk space or memory, or bring the worker back, and "
        f"give the same command again.{_kept(folder)}"
    )


def _batches(data: datasets.Data, trainer: Trainer, last: int) -> Iterator[Any]:
    """Those of the steps from where the trainer stands to the last."""
    config, each, first = trainer.config, trainer.batches_per_step, int(trainer.step.numpy())
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
    batches = max(updates(model, config.training).values())
    steps = data.train.count // (config.training.batch_size * batches)
    if not steps:
        raise UserError(
            f"{data.name} has {data.train.count} examples to train on, fewer than one step takes "
            f"({config.training.batch_size} x {batches}). Lower --batch-size, as in --batch-size "
            f"{max(1, data.train.count // batches)}."
        )
    return steps


class _Reports:
    """The chief's log, previews, warnings, progress bar and callbacks."""

    def __init__(self, folder: Path, data: datasets.Data, trainer: Trainer, steps: int, callbacks: Callbacks) -> None:
        first, epochs = int(trainer.step.numpy()), trainer.config.epochs
        self._trainer, self._log, self.callbacks = trainer, Log(folder, first // steps), callbacks
        examples = next(iter(data.test.batches(min(Previews.COUNT // 2, data.test.count), seed=0)))
        self._previews = Previews(folder, trainer.model, examples)
        self._diagnosis = Diagnosis(trainer.model, examples)
        self._since = time.monotonic()
        self.progress = Progress(total=steps * epochs, initial=first, epochs=epochs, steps=steps)

    def epoch(self, number: int, means: EpochMeans) -> None:
        """After an epoch."""
        now = time.monotonic()
        with self._trainer.averaged():
            self._previews.write(number)
            means.add(self._diagnosis.measure())
        step, result, seconds = int(self._trainer.step.numpy()), means.result(), now - self._since
        self._log.write(number, step, seconds, result)
        self._since = now
        self.progress.epoch(number, result, seconds)
        for text in self._diagnosis.warnings({"step": step, **result}):
            self.progress.write(f"epoch {number}: {text}")
        self.callbacks.epoch_end(number, result)


def _loop(
    trainer: Trainer,
    means: EpochMeans,
    batches: Iterator[Any],
    steps: int,
    checkpoints: Checkpoints,
    reports: _Reports | None,
    *,
    alone: bool,
) -> None:
    """Epoch by epoch from where the trainer stands. The log is written before the checkpoint: a crash between the
    two repeats an epoch's row, which the next start drops, and never loses one.

    Args:
      alone: whether this is the only process, which alone may stop between epochs: saving is collective.
    """
    epochs, every = trainer.config.epochs, trainer.config.checkpoint_every
    done = int(trainer.step.numpy())
    if reports:
        reports.callbacks.begin()
    with Interrupt() as interrupt, reports.progress if reports else nullcontext():
        while done < steps * epochs:
            epoch = done // steps + 1
            if reports and done % steps == 0:
                reports.callbacks.epoch_begin(epoch)
            stop = min(epoch * steps, (done // every + 1) * every if every else epoch * steps)
            for terms in trainer.run(batches, stop - done, interrupted=lambda: alone and bool(interrupt)):
                means.add(terms)
                if reports:
                    reports.progress.step(1, means.result())
            done = int(trainer.step.numpy())
            ended = done == epoch * steps
            if ended and reports:
                reports.epoch(epoch, means)
            if ended:
                means.reset()
            checkpoints.save()
            if interrupt:
                break
            if reports and ended and reports.callbacks.stop:
                break
    if reports:
        reports.callbacks.end()
    if interrupt:
        raise _interrupted(interrupt, done)


def _interrupted(interrupt: Interrupt, step: int) -> BaseException:
    """Python's own exception for Ctrl-C, a failure for SIGTERM."""
    text = f"stopped after step {step}, whose checkpoint is kept. The same command continues from there."
    name = interrupt.received.name if interrupt.received else ""
    return KeyboardInterrupt(text) if name == "SIGINT" else Interrupted(f"{name}: {text}")


def seconds(folder: Path) -> float:
    """What a run's epochs took so far, previews included; NaN where none is over."""
    try:
        return sum(pictures.read_log(folder / "log.csv").get("seconds", ())) or math.nan
    except FileNotFoundError:
        return math.nan


def restore(folder: Path) -> tuple[GenerativeModel, RunConfig]:
    """The trained model of a run, in float32, with its moving averages where the run kept them.

    Errors: UserError if there is no run or no checkpoint in it.
    """
    config, spec = record.read(folder)
    exact = dataclasses.replace(config.training, precision="float32")
    networks = own_networks.models(own_networks.files(folder, {}))
    model = build(dataclasses.replace(config, training=exact), spec, networks)
    restore_weights(folder, model, averages=config.training.ema is not None)
    return model, config

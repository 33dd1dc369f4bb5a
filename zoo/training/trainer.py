"""The one engine: the only gradient tape, optimizer call, replica count and seed.

It knows players, never variants. Keras's `fit` is not used: it reports the last batch instead of the epoch's mean, and
fails under MultiWorkerMirroredStrategy in two places (keras#20585, tensorflow#72388). The loop here is shorter than the
patches would be.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.core.config import TrainConfig
from zoo.core.errors import Failure, UserError
from zoo.core.model import Batch, GenerativeModel, Loss, Metric, Player
from zoo.core.random import Seed
from zoo.core.replicas import rows
from zoo.training.schedules import learning_rate

_LOOK_STEPS, _LOOK_SECONDS = 20, 1.0
"""How often the losses are looked at, whichever comes first: each look waits for the device."""


class Diverged(Failure):
    """A loss is no longer finite. The message names the step, the player and the term."""

    REMEDY = "Try another --out with a lower --learning-rate, --clip-norm 1, or --precision float32."


def updates(model: GenerativeModel, config: TrainConfig) -> dict[str, int]:
    """Each player's updates in a step; the most of them is how many batches a step takes."""
    return {p.name: config.updates.get(p.name, p.updates) for p in model.players}


class Phase(NamedTuple):
    """The players that a step updates, and those whose lazy terms are part of it, by name."""

    active: tuple[str, ...]
    lazy: tuple[str, ...]


class Trainer:
    """Updates a model's players in order, on every replica, and remembers the step.

    Build it, and the model, inside `strategy.scope()`; see `zoo.training.run.train`.

    Args:
      total_steps: of the whole run, for schedules.
    """

    def __init__(
        self,
        model: GenerativeModel,
        config: TrainConfig,
        strategy: tf.distribute.Strategy,
        *,
        total_steps: int,
    ) -> None:
        self.model, self.config, self.strategy = model, config, strategy
        self.replicas: int = strategy.num_replicas_in_sync
        self.total_steps = total_steps
        self._check_options()
        self.updates = updates(model, config)
        self.batches_per_step = max(self.updates.values())
        self.variables = {p.name: [v for n in p.networks for v in n.trainable_variables] for p in model.players}
        self.optimizers = {p.name: self._optimizer(p) for p in model.players}
        self.averaged_variables = averaged_variables(model)
        self.averages = [tf.Variable(v, trainable=False) for v in self.averaged_variables] if config.ema else []
        self.step = tf.Variable(0, trainable=False, dtype=tf.int64, name="step")
        self._step = tf.function(
            self._step_everywhere, jit_compile=self._compiled(), reduce_retracing=False, autograph=False
        )

    @property
    def scheduled(self) -> bool:
        """Whether what a step does depends on how long the whole run is."""
        phased = any(p.active != (0.0, 1.0) or p.warmup for p in self.model.players)
        return phased or self.config.schedule != "constant"

    def _phase(self, step: int) -> Phase:
        progress = min(1.0, (step + 0.5) / self.total_steps)
        active = [
            p for p in self.model.players if p.active[0] <= progress and (progress < p.active[1] or p.active[1] == 1.0)
        ]
        lazy = [p.name for p in active if p.lazy and step % p.interval == 0]
        return Phase(tuple(p.name for p in active), tuple(lazy))

    def _compiled(self) -> bool:
        """XLA: on request, or where there is one GPU. On a CPU it loses to oneDNN's convolutions (`make bench`)."""
        auto = self.replicas == 1 and bool(tf.config.list_logical_devices("GPU"))
        return self.config.jit == "on" or (self.config.jit == "auto" and auto)

    def _check_options(self) -> None:
        if self.config.batch_size % self.replicas:
            raise UserError(
                f"--batch-size {self.config.batch_size} does not divide among {self.replicas} replicas. "
                f"Try {-(-self.config.batch_size // self.replicas) * self.replicas}."
            )
        if self.config.jit == "on" and self.replicas > 1:
            raise UserError(f"--jit on compiles for one replica; this run has {self.replicas}. Use --jit auto.")
        names = [p.name for p in self.model.players]
        for name in {**self.config.updates, **self.config.learning_rate_multipliers}:
            if name not in names:
                raise UserError(f"This model has no player {name!r}; it has {', '.join(names)}.")

    def _optimizer(self, player: Player) -> keras.Optimizer:
        """The player's own Adam, built at once: neither a strategy nor a checkpoint can wait for the first step."""
        config, (start, end) = self.config, player.active
        multiplier = config.learning_rate_multipliers.get(player.name, player.learning_rate_multiplier)
        steps = max(1, round((end - start) * self.total_steps))
        rate = learning_rate(
            config.learning_rate * multiplier, config.schedule, config.warmup, steps * self.updates[player.name]
        )
        optimizer = keras.optimizers.Adam(rate, config.beta_1, config.beta_2)
        if config.precision == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(self.variables[player.name])
        return optimizer

    # One step, on the devices.

    def _step_everywhere(self, batches: Sequence[Batch], step: tf.Tensor, phase: Phase) -> Mapping[str, tf.Tensor]:
        """Every replica's part of the step. Returns the mean of each term over the global batch, by name."""
        terms = self.strategy.run(self._step_here, args=(batches, step, phase))
        if self.averages:
            # Early on a long average would remember the initial weights: it lengthens as the run does.
            t = tf.cast(step, tf.float32)
            keep = tf.minimum(self.config.ema, (1.0 + t) / (10.0 + t))
            for average, value in zip(self.averages, self.averaged_variables, strict=True):
                average.assign(value + keep * (average - value))
        return {k: self.strategy.experimental_local_results(v)[0] for k, v in terms.items()}

    def _step_here(self, batches: Sequence[Batch], step: tf.Tensor, phase: Phase) -> Mapping[str, tf.Tensor]:
        """On one replica, each player's updates in order. Returns each term's mean over the global batch."""
        # Noise follows the row, not the replica.
        count = next(iter(batches[0].values())).shape[0]
        seed = Seed.of(rows(count)).fold(self.config.seed).fold(step)
        progress = tf.cast(step, tf.float32) / self.total_steps
        logs: dict[str, tf.Tensor] = {}
        for player in (p for p in self.model.players if p.name in phase.active):
            own = seed.fold(player.name)
            losses = [player.loss]
            if player.lazy and player.name in phase.lazy:
                losses.append(_scaled(player.lazy, player.interval))
            times = self.updates[player.name]
            # Unrolled: an optimizer's `apply` inside tf.cond or a loop raises under a strategy.
            for i in range(times):
                terms = self._update(player, losses, batches[i], own.fold(i), progress)
                for name, value in terms.items():
                    key = f"{player.name}/{name}"
                    logs[key] = logs.get(key, 0.0) + value / times
        # One collective operation for all terms.
        parts = tf.stack(list(logs.values()))
        means = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, parts)
        return dict(zip(logs, tf.unstack(means), strict=True))

    def _update(
        self, player: Player, losses: Sequence[Loss], batch: Batch, seed: Seed, progress: tf.Tensor
    ) -> Mapping[str, tf.Tensor]:
        """One update; returns its terms and metrics, this replica's part of each mean."""
        variables, optimizer = self.variables[player.name], self.optimizers[player.name]
        weights = [v.value for v in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            values = {k: v for loss in losses for k, v in loss(batch, seed).items()}
            # Keras's optimizers sum gradients over replicas: the division that makes it a mean is this one.
            terms = {k: tf.reduce_mean(v) / self.replicas for k, v in values.items() if not isinstance(v, Metric)}
            terms |= {
                k: v * tf.minimum(1.0, progress / player.warmup[k]) for k, v in terms.items() if k in player.warmup
            }
            loss = optimizer.scale_loss(tf.add_n(list(terms.values())))
        gradients = tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        norm = tf.linalg.global_norm(gradients) / optimizer.scale_loss(tf.constant(1.0))
        if self.config.clip_norm is not None:
            gradients = self._clip(gradients, optimizer)
        metrics = {k: tf.reduce_mean(v.value) / self.replicas for k, v in values.items() if isinstance(v, Metric)}
        logs = {**terms, **metrics, "loss": tf.add_n(list(terms.values())), "gradient_norm": norm}
        logs = {k: tf.cast(v, tf.float32) for k, v in logs.items()}
        # TensorFlow's rewriting of the graph can lose that a weight is read before it is updated: dragan's penalty
        # then had the next step's bias now and then.
        with tf.control_dependencies(list(logs.values())):
            optimizer.apply(gradients, variables)
        if player.constraint:
            player.constraint()
        return logs

    def _clip(self, gradients: Sequence[tf.Tensor], optimizer: keras.Optimizer) -> Sequence[tf.Tensor]:
        """Clips the global gradient. Keras would clip each replica's before it sums them."""
        scale = optimizer.scale_loss(tf.constant(1.0))
        whole = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))
        clipped, _ = tf.clip_by_global_norm(whole, self.config.clip_norm * scale)
        return [g / self.replicas for g in clipped]

    # Many steps, on the host.

    def run(
        self, batches: Iterator[Any], steps: int, *, interrupted: Callable[[], bool] = lambda: False
    ) -> Iterator[Mapping[str, float]]:
        """Takes `steps` steps from where it stands, yielding each one's terms (means over all replicas) in order.

        Beside them comes `PLAYER/gradient_norm`, the mean over replicas of the norm of each one's gradient. They come
        in groups, since every look at them waits for the device.

        Args:
          interrupted: asked after each step: whether to end early.

        Errors: Diverged.
        """
        start = int(self.step.numpy())
        pending: list[Mapping[str, tf.Tensor]] = []
        since = time.monotonic()
        for step in range(start, start + steps):
            taken = tuple(next(batches) for _ in range(self.batches_per_step))
            pending.append(self._step(taken, tf.constant(step, tf.int64), self._phase(step)))
            last = step == start + steps - 1 or interrupted()
            if last or len(pending) == _LOOK_STEPS or time.monotonic() - since > _LOOK_SECONDS:
                for at, values in enumerate(pending, step - len(pending) + 1):
                    terms = self._numbers(values)
                    self._check(terms, at)
                    yield terms
                pending.clear()
                self.step.assign(step + 1)
                since = time.monotonic()
            if last:
                return

    def _numbers(self, values: Mapping[str, tf.Tensor]) -> dict[str, float]:
        """By name; without norms of gradients that overflowed: loss scaling expects them, and skips their updates."""
        scaled = self.config.precision == "mixed_float16"
        numbers = dict(zip(values, tf.stack(list(values.values())).numpy().tolist(), strict=True))
        return {k: v for k, v in numbers.items() if math.isfinite(v) or not (scaled and k.endswith("/gradient_norm"))}

    def _check(self, terms: Mapping[str, float], step: int) -> None:
        for key, value in terms.items():
            player, _, term = key.partition("/")
            if not math.isfinite(value):
                raise Diverged(f"At step {step} the {player}'s term {term!r} became {value}.")

    def check_weights(self) -> None:
        """Errors: Diverged, where a weight is not finite after the last update, which no loss has shown yet."""
        for player in self.model.players:
            if not all(np.all(np.isfinite(v.numpy())) for n in player.networks for v in n.variables):
                step = int(self.step.numpy()) - 1
                raise Diverged(f"At step {step} the {player.name}'s weights became infinite or NaN.")

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the generating networks hold their moving averages, where the run keeps them."""
        kept = [tf.identity(v) for v in self.averaged_variables] if self.averages else []
        _assign(self.averaged_variables, self.averages)
        try:
            yield
        finally:
            _assign(self.averaged_variables, kept)

    def checkpoint(self) -> tf.train.Checkpoint:
        """All that an equal continuation needs: weights, averages, every optimizer, the step."""
        return tf.train.Checkpoint(
            weights=weights(self.model),
            averages=list(self.averages),
            optimizers=[v.value for p in self.model.players for v in self.optimizers[p.name].variables],
            step=self.step,
        )


def weights(model: GenerativeModel) -> list[tf.Variable]:
    """Every variable of every network, in the order in which a checkpoint has them."""
    return [v.value for n in model.networks for v in n.variables]


def averaged_variables(model: GenerativeModel) -> list[tf.Variable]:
    """Those of which a run may keep a moving average, in a checkpoint's order."""
    return [v.value for n in model.averaged for v in n.variables]


def _assign(variables: Sequence[tf.Variable], values: Sequence[Any]) -> None:
    """The values, where there are any, to the variables."""
    for variable, value in zip(variables, values, strict=False):
        variable.assign(value)


def _scaled(lazy: Loss, interval: int) -> Loss:
    """The terms of one step in `interval`, so many times as large."""
    return lambda batch, seed: {k: v if isinstance(v, Metric) else interval * v for k, v in lazy(batch, seed).items()}

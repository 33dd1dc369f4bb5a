"""The one engine: the only gradient tape, optimizer call, replica count and seed.

It knows players, never variants. Keras's `fit` is not used: it reports the last batch instead of the epoch's mean, and
fails under MultiWorkerMirroredStrategy in two places (keras#20585, tensorflow#72388). The loop here is shorter than the
patches would be.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.core.config import TrainConfig
from zoo.core.errors import Failure, UserError
from zoo.core.model import Batch, GenerativeModel, Loss, Player, Watched
from zoo.core.random import Seed
from zoo.core.replicas import rows

_CHECK_EVERY = 20
"""Steps between looks at the losses: each look waits for the device."""


_REMEDY = (
    "The last checkpoint is from before. Try another --out with a lower --learning-rate, --clip-norm 1, or "
    "--precision float32."
)


class Diverged(Failure):
    """A loss was no longer finite. The message names the step, the player and the term."""


def moves(model: GenerativeModel, config: TrainConfig) -> dict[str, int]:
    """Each player's moves in a turn; the most of them is how many batches a turn takes."""
    return {p.name: config.moves.get(p.name, p.steps) for p in model.players}


class Turn(NamedTuple):
    """Who moves in a turn, and who of them pays its lazy terms as well, by name."""

    moving: tuple[str, ...]
    lazy: tuple[str, ...]


class Trainer:
    """Lets a model's players move in turn, on every replica, and remembers how far it is.

    Build it, and the model, inside `strategy.scope()`; see `zoo.training.run.train`.

    Args:
      total_steps: turns of the whole run, for the learning-rate schedule.
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
        self.moves = moves(model, config)
        self.batches_per_step = max(self.moves.values())
        self.variables = {p.name: [v for n in p.networks for v in n.trainable_variables] for p in model.players}
        self.optimizers = {p.name: self._optimizer(p) for p in model.players}
        self.drawn = [v.value for n in model.averaged for v in n.variables]
        self.averages = [tf.Variable(v, trainable=False) for v in self.drawn] if config.ema else []
        self.progress = tf.Variable(0, trainable=False, dtype=tf.int64, name="step")
        self._terms: dict[Turn, list[str]] = {}
        self._step = tf.function(self._turn_everywhere, jit_compile=self._compiled(), reduce_retracing=False)

    @property
    def scheduled(self) -> bool:
        """Whether what a step does depends on how long the whole run is."""
        phased = any(p.during != (0.0, 1.0) or p.warmup for p in self.model.players)
        return phased or self.config.schedule != "constant"

    def _turn_at(self, step: int) -> Turn:
        """The players whose share of the run this step is in, and those whose lazy terms are due."""
        gone = min(1.0, (step + 0.5) / self.total_steps)
        moving = [p for p in self.model.players if p.during[0] <= gone and (gone < p.during[1] or p.during[1] == 1.0)]
        lazy = [p.name for p in moving if p.lazy and step % p.every == 0]
        return Turn(tuple(p.name for p in moving), tuple(lazy))

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
        for name in {**self.config.moves, **self.config.rates}:
            if name not in names:
                raise UserError(f"This model has no player {name!r}; it has {', '.join(names)}.")

    def _optimizer(self, player: Player) -> keras.Optimizer:
        """The player's own Adam, built at once: neither a strategy nor a checkpoint can wait for the first step."""
        config, (start, end) = self.config, player.during
        rate = config.learning_rate * config.rates.get(player.name, player.rate)
        turns = max(1, round((end - start) * self.total_steps))
        schedule = _schedule(rate, config, turns * self.moves[player.name])
        optimizer = keras.optimizers.Adam(schedule, config.beta_1, config.beta_2)
        if config.precision == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(self.variables[player.name])
        return optimizer

    # One step, on the devices.

    def _turn_everywhere(self, batches: Sequence[Any], step: tf.Tensor, turn: Turn) -> tf.Tensor:
        terms = self.strategy.run(self._turn, args=(batches, step, turn))
        if self.averages:
            # Early on a long average would remember the initial weights: it lengthens as the run does.
            t = tf.cast(step, tf.float32)
            keep = tf.minimum(self.config.ema, (1.0 + t) / (10.0 + t))
            for average, value in zip(self.averages, self.drawn, strict=True):
                average.assign(value + keep * (average - value))
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, terms, axis=None)

    def _turn(self, batches: Sequence[Batch], step: tf.Tensor, turn: Turn) -> tf.Tensor:
        """On one replica, each player's moves in order. Returns each term's mean over the global batch, in parts."""
        # Noise follows the row, not the replica.
        seed = Seed.of(rows(batches[0].x.shape[0])).fold(self.config.seed).fold(step)
        gone = tf.cast(step, tf.float32) / self.total_steps
        logs: dict[str, tf.Tensor] = {}
        for player in (p for p in self.model.players if p.name in turn.moving):
            own = seed.fold(player.name)
            losses = [player.loss]
            if player.lazy and player.name in turn.lazy:
                losses.append(_often(player.lazy, player.every))
            times = self.moves[player.name]
            # Unrolled: an optimizer's `apply` inside tf.cond or a loop raises under a strategy.
            for move in range(times):
                terms = self._move(player, losses, batches[move], own.fold(move), gone)
                for name, value in terms.items():
                    key = f"{player.name}/{name}"
                    logs[key] = logs.get(key, 0.0) + value / times
        self._terms[turn] = list(logs)
        return tf.stack(list(logs.values()))

    def _move(
        self, player: Player, losses: Sequence[Loss], batch: Batch, seed: Seed, gone: tf.Tensor
    ) -> Mapping[str, tf.Tensor]:
        """One move; returns what it paid and watched, this replica's part of each mean."""
        variables, optimizer = self.variables[player.name], self.optimizers[player.name]
        weights = [v.value for v in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            values = {k: v for loss in losses for k, v in loss(batch, seed).items()}
            # Keras's optimizers sum gradients over replicas: the division that makes it a mean is this one.
            terms = {k: tf.reduce_mean(v) / self.replicas for k, v in values.items() if not isinstance(v, Watched)}
            terms |= {k: v * tf.minimum(1.0, gone / player.warmup[k]) for k, v in terms.items() if k in player.warmup}
            loss = optimizer.scale_loss(tf.add_n(list(terms.values())))
        gradients = tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        norm = tf.linalg.global_norm(gradients) / optimizer.scale_loss(tf.constant(1.0))
        if self.config.clip_norm is not None:
            gradients = self._clip(gradients, optimizer)
        watched = {k: tf.reduce_mean(v.value) / self.replicas for k, v in values.items() if isinstance(v, Watched)}
        logs = {**terms, **watched, "loss": tf.add_n(list(terms.values())), "gradient_norm": norm}
        logs = {k: tf.cast(v, tf.float32) for k, v in logs.items()}
        # TensorFlow's rewriting of the graph can lose that a weight is read before it moves: dragan's penalty then had
        # the next step's bias now and then.
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

    def run(self, batches: Iterator[Any], steps: int) -> Iterator[Mapping[str, float]]:
        """Takes `steps` turns from where it stands, yielding each one's terms (B-means over all replicas) in order.

        Beside them comes `PLAYER/gradient_norm`, the mean over replicas of the norm of each one's gradient. They come
        in groups, since every look at them waits for the device. Errors: Diverged.
        """
        start = int(self.progress.numpy())
        pending: list[tuple[Turn, tf.Tensor]] = []
        for step in range(start, start + steps):
            turn = self._turn_at(step)
            taken = tuple(next(batches) for _ in range(self.batches_per_step))
            pending.append((turn, self._step(taken, tf.constant(step, tf.int64), turn)))
            if len(pending) == _CHECK_EVERY or step == start + steps - 1:
                for at, (kind, values) in enumerate(pending, step - len(pending) + 1):
                    terms = self._named(kind, values)
                    self._check(terms, at)
                    yield terms
                pending.clear()
                self.progress.assign(step + 1)

    def _named(self, turn: Turn, values: tf.Tensor) -> dict[str, float]:
        """By name; without norms of gradients that overflowed: loss scaling means them to, and skips their steps."""
        scaled = self.config.precision == "mixed_float16"
        named = zip(self._terms[turn], values.numpy().tolist(), strict=True)
        return {k: v for k, v in named if math.isfinite(v) or not (scaled and k.endswith("/gradient_norm"))}

    def _check(self, terms: Mapping[str, float], step: int) -> None:
        for key, value in terms.items():
            player, _, term = key.partition("/")
            if not math.isfinite(value):
                raise Diverged(f"At step {step} the {player}'s term {term!r} became {value}. {_REMEDY}")

    def check_weights(self) -> None:
        """Errors: Diverged, where a weight is not finite: the last move spoilt it, and no loss has shown it yet."""
        for player in self.model.players:
            if not all(np.all(np.isfinite(v.numpy())) for n in player.networks for v in n.variables):
                step = int(self.progress.numpy()) - 1
                raise Diverged(f"At step {step} the {player.name}'s weights became infinite or NaN. {_REMEDY}")

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the drawing networks hold their moving averages, where the run keeps them."""
        kept = [tf.identity(v) for v in self.drawn] if self.averages else []
        self.adopt_averages()
        try:
            yield
        finally:
            self._assign(kept)

    def adopt_averages(self) -> None:
        """Puts the moving averages in the weights' place for good, where the run keeps them."""
        self._assign(self.averages)

    def _assign(self, values: Sequence[Any]) -> None:
        for variable, value in zip(self.drawn, values, strict=False):
            variable.assign(value)

    def checkpoint(self) -> tf.train.Checkpoint:
        """All that an equal continuation needs: weights, averages, every optimizer, the step."""
        return tf.train.Checkpoint(
            weights=[v.value for n in self.model.networks for v in n.variables],
            averages=list(self.averages),
            optimizers=[v.value for p in self.model.players for v in self.optimizers[p.name].variables],
            step=self.progress,
        )


def _often(lazy: Loss, every: int) -> Loss:
    """The terms that are paid once in so many turns, so many times."""
    return lambda batch, seed: {k: v if isinstance(v, Watched) else every * v for k, v in lazy(batch, seed).items()}


def _schedule(rate: float, config: TrainConfig, moves: int) -> Any:
    """The learning rate over a player's moves."""
    return (
        _Schedule(rate, config.schedule, config.warmup, moves)
        if config.schedule != "constant" or config.warmup
        else rate
    )


class _Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Rises in a line over `warmup` moves, then stays, or falls to zero at `end` by a line or half a cosine."""

    def __init__(self, rate: float, shape: str, warmup: int, end: int) -> None:
        self.rate, self.shape, self.warmup, self.end = rate, shape, warmup, end

    def __call__(self, step: Any) -> tf.Tensor:
        t = tf.cast(step, tf.float32)
        rise = tf.minimum(1.0, (t + 1.0) / max(1, self.warmup))
        gone = tf.clip_by_value((t - self.warmup) / max(1, self.end - self.warmup), 0.0, 1.0)
        fall = {"constant": 1.0, "linear": 1.0 - gone, "cosine": 0.5 * (1.0 + tf.cos(math.pi * gone))}[self.shape]
        return self.rate * rise * fall

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "shape": self.shape, "warmup": self.warmup, "end": self.end}

"""The options of a run: frozen, and the same from JSON and back."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.core.errors import UserError

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
SCHEDULES = ("constant", "linear", "cosine")
STRATEGIES = ("auto", "one", "mirrored", "multiworker")
JIT = ("auto", "on", "off")
KINDS = ("image", "video", "volume", "audio", "series", "table", "tokens", "vector")
"""What examples of data can be."""


@dataclass(frozen=True)
class TrainConfig:
    """The engine's options; a model knows none of them.

    Attributes:
      batch_size: examples of an update, over all replicas together.
      seed: everything random in the run follows from it.
      strategy: one device, all of this machine, or several machines (TF_CONFIG); auto takes what is there.
      replicas: devices that `mirrored` uses, 0 for all; without GPUs the CPU is split into as many.
      jit: compile the step with XLA; auto does where there is one GPU.
      learning_rate, beta_1, beta_2: of Adam (Kingma & Ba, arXiv 1412.6980).
      schedule, warmup: the rate rises over `warmup` updates, then stays, or falls to zero linearly or by half a cosine.
      clip_norm: largest global norm of a player's gradient, over all replicas; None for any.
      ema: decay of the moving average of the generating networks' weights, which is then exported; None for none.
      updates, learning_rate_multipliers: by player, instead of the model's own.
      checkpoint_every: steps between checkpoints besides those at the end of each epoch; 0 for none.
    """

    epochs: int = 20
    batch_size: int = 128
    seed: int = 0
    strategy: str = "auto"
    replicas: int = 0
    jit: str = "auto"
    precision: str = "float32"
    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    schedule: str = "constant"
    warmup: int = 0
    clip_norm: float | None = None
    ema: float | None = None
    updates: Mapping[str, int] = field(default_factory=dict)
    learning_rate_multipliers: Mapping[str, float] = field(default_factory=dict)
    checkpoint_every: int = 0

    def __post_init__(self) -> None:
        _positive("epochs", self.epochs)
        _positive("batch_size", self.batch_size)
        _positive("learning_rate", self.learning_rate)
        _choice("strategy", self.strategy, STRATEGIES)
        _choice("jit", self.jit, JIT)
        _choice("precision", self.precision, PRECISIONS)
        _choice("schedule", self.schedule, SCHEDULES)
        if self.ema is not None and not 0 < self.ema < 1:
            raise UserError(f"--ema is a decay between 0 and 1, as in 0.999; received {self.ema}.")
        for name, value in {"clip_norm": self.clip_norm, **self.updates, **self.learning_rate_multipliers}.items():
            if value is not None:
                _positive(name, value)


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise UserError(f"--{name.replace('_', '-')} must be above 0; received {value}.")


def _choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UserError(f"--{name} is one of {', '.join(known)}; received {value!r}.")


@dataclass(frozen=True)
class ReadConfig:
    """How data is read where it does not say so itself; the keyword arguments of `zoo.data.load`.

    Attributes:
      kind: what the examples are, one of KINDS.
      range: the values that are black and white, or -1 and 1 of sounds and series.
      background: the colour that transparent pixels are laid on.
      skip_broken: leave out files that cannot be read.
    """

    kind: str | None = None
    range: tuple[float, float] | None = None
    background: str | None = None
    skip_broken: bool = False


@dataclass(frozen=True)
class RunConfig:
    """A whole run: which model with which parameters, on which data, trained how.

    Attributes:
      size, channels: to which images are converted; None keeps the data's.
      read: further options of `zoo.data.load`.
    """

    model: str
    data: str
    size: tuple[int, int] | None = None
    channels: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    training: TrainConfig = field(default_factory=TrainConfig)
    read: ReadConfig = field(default_factory=ReadConfig)

    @property
    def loading(self) -> dict[str, Any]:
        """The keyword arguments of `zoo.data.load`."""
        return {"size": self.size, "channels": self.channels, **dataclasses.asdict(self.read)}

    def to_json(self) -> str:
        """Text that `from_json` reads back to an equal configuration."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "RunConfig":
        """The configuration that `to_json` wrote."""
        values = json.loads(text)
        parameters = {k: tuple(v) if isinstance(v, list) else v for k, v in values["parameters"].items()}
        size = tuple(values["size"]) if values["size"] else None
        training = TrainConfig(**values["training"])
        span = values["read"]["range"]
        read = ReadConfig(**{**values["read"], "range": tuple(span) if span else None})
        return cls(values["model"], values["data"], size, values["channels"], parameters, training, read)

    def differences(self, other: "RunConfig") -> list[str]:
        """The options in which two runs differ, written as `name: mine, theirs`."""
        mine, theirs = (_flat(dataclasses.asdict(c)) for c in (self, other))
        keys = sorted(mine.keys() | theirs.keys())
        return [f"{k}: {mine.get(k)}, {theirs.get(k)}" for k in keys if mine.get(k) != theirs.get(k)]


def _flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat.update(_flat(value) if isinstance(value, Mapping) else {key: value})
    return flat

"""What goes wrong in an adversarial game, in words, and what to try.

Read from the means of epochs, under the names of `zoo.gans.family`; other models are never warned of.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo.core.model import Batch, GenerativeModel

History = Sequence[Mapping[str, float]]
"""The rows of log.csv so far: the means of each epoch, and `step`, the turns until its end."""

YOUNG = 1_000
"""Turns in which a game may right itself. On mnist-5k D was right of 99 % for up to 470 turns of small DCGANs, and
perceptrons drew all alike for up to 560: both came back."""


class Trouble(NamedTuple):
    """Something that can go wrong.

    Attributes:
      seen: whether it has, by the history, of which the last is the present epoch.
      says: what it is; what to try.
    """

    seen: Callable[[History], bool]
    says: str


def _diverged(history: History) -> bool:
    """A loss or a gradient is a hundred times what it was at its least, and large."""
    sizes = [
        max((abs(v) for k, v in h.items() if k.endswith(("/loss", "/gradient_norm"))), default=0.0) for h in history
    ]
    return sizes[-1] > 100.0 * max(1.0, min(sizes))


def _lasting(history: History, ill: Sequence[bool]) -> bool:
    """For so long, and until now, that it will not pass by itself."""
    streak = len(ill) if all(ill) else ill[::-1].index(False)
    return streak > 1 and history[-1]["step"] - history[-streak]["step"] >= YOUNG


def _won(history: History) -> bool:
    right = [min(h.get(f"discriminator/{side}_accuracy", 0.0) for side in ("real", "fake")) > 0.99 for h in history]
    return _lasting(history, right)


def _vanished(history: History) -> bool:
    return history[-1].get("generator/gradient_norm", 1.0) < 1e-3


def _collapsed(history: History) -> bool:
    """Low, not rising, and lasting or fallen to: a generator that has just begun draws all alike, too."""
    spread = [h.get("generator/diversity", 1.0) for h in history]
    if len(spread) < 3 or max(spread[-3:]) >= 0.25 or spread[-1] >= 1.1 * spread[-3] + 1e-6:
        return False
    return max(spread) > 2.0 * spread[-1] or _lasting(history, [s < 0.25 for s in spread])


TROUBLES: Mapping[str, Trouble] = {
    "divergence": Trouble(
        _diverged,
        "Training diverges: a loss or a gradient has grown a hundredfold. Try a lower --learning-rate, --clip-norm 1, "
        "or penalty=r1.",
    ),
    "won": Trouble(
        _won,
        "The discriminator has won: it is right of nearly every example. Try a lower rate for it (--rates "
        "discriminator=0.25), smoothed labels (loss=cross_entropy), penalty=r1, or augment=translation,cutout.",
    ),
    "vanishing": Trouble(
        _vanished,
        "The generator's gradient has vanished: it learns nothing more. Try a loss that does not saturate "
        "(loss=non_saturating, hinge or wasserstein), or fewer moves of the discriminator.",
    ),
    "collapse": Trouble(
        _collapsed,
        "The samples are nearly all alike: the generator has collapsed. Try loss=relativistic, penalty=r1 or dragan, "
        "or a lower rate for the generator (--rates generator=0.5).",
    ),
}


def diversity(samples: np.ndarray, real: np.ndarray) -> float:
    """How far samples (N, ...) are from each other, as a multiple of how far real examples (M, ...) are: 0 for one
    sample N times, about 1 where they are like the data. Root mean squares of the distances between pairs."""

    def spread(x: np.ndarray) -> float:
        return float(np.sqrt(np.sum(np.var(x.reshape(len(x), -1), axis=0, ddof=1))))

    return spread(samples) / max(spread(real), 1e-12)


class Diagnosis:
    """Watches a run, epoch by epoch; says each trouble once, until it has passed. Silent for other models."""

    COUNT = 64

    def __init__(self, model: GenerativeModel, examples: Batch) -> None:
        self._real = examples.x.numpy()
        self._history: list[Mapping[str, float]] = []
        self._said: set[str] = set()
        self._game = {"generator"} < {p.name for p in model.players}
        self._sample = model.signatures().get("sample") if self._game else None
        self._classes = max(1, model.spec.classes)

    def watch(self) -> dict[str, float]:
        """The diversity of samples of fixed seeds; nothing for models that draw none against a discriminator."""
        if self._sample is None:
            return {}
        seeds = tf.range(self.COUNT, dtype=tf.int64)
        inputs = {"seed": seeds, "label": seeds % self._classes}
        drawn = next(iter(self._sample.function(*(inputs[name] for name in self._sample.inputs)).values()))
        return {"generator/diversity": diversity(2.0 * drawn.numpy() - 1.0, self._real)}

    def warnings(self, means: Mapping[str, float]) -> list[str]:
        """What to tell a person after an epoch of these means and this `step`."""
        if not self._game:
            return []
        self._history.append(means)
        seen = {name for name, trouble in TROUBLES.items() if trouble.seen(self._history)}
        new, self._said = seen - self._said, seen
        return [trouble.says for name, trouble in TROUBLES.items() if name in new]

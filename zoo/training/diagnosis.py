"""What goes wrong in training, in words, and what to try.

Read from the means of epochs, under the names of players and terms in log.csv.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from zoo.core.conditions import example_values
from zoo.core.model import Batch, GenerativeModel, Signature

History = Sequence[Mapping[str, float]]
"""The rows of log.csv so far: the means of each epoch, and `step`, the steps until its end."""

PATIENCE = 1_000
"""Steps in which an adversarial game may recover. On mnist-5k D was right about 99 % for up to 470 steps of small
DCGANs, and perceptrons generated nearly equal samples for up to 560: both recovered."""

KL_COLLAPSED = 0.1
"""Nats: below it the codes of a VAE say next to nothing about the input. Trained ones of the zoo lie above 5."""


class Problem(NamedTuple):
    """Something that can go wrong.

    Attributes:
      player: the model must have one of this name.
      seen: whether it has happened, by the history, of which the last is the present epoch.
      says: what it is; what to try.
    """

    player: str
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
    return streak > 1 and history[-1]["step"] - history[-streak]["step"] >= PATIENCE


def _won(history: History) -> bool:
    right = [min(h.get(f"discriminator/{side}_accuracy", 0.0) for side in ("real", "fake")) > 0.99 for h in history]
    return _lasting(history, right)


def _vanished(history: History) -> bool:
    return history[-1].get("generator/gradient_norm", 1.0) < 1e-3


def _collapsed(history: History) -> bool:
    """Low, not rising, and lasting or fallen: a generator that has just begun generates equal samples, too."""
    diversity = [h.get("generator/diversity", 1.0) for h in history]
    if len(diversity) < 3 or max(diversity[-3:]) >= 0.25 or diversity[-1] >= 1.1 * diversity[-3] + 1e-6:
        return False
    return max(diversity) > 2.0 * diversity[-1] or _lasting(history, [d < 0.25 for d in diversity])


def _posterior_collapsed(history: History) -> bool:
    """The KL is next to nothing for two epochs, after any warm-up that makes it cost little."""
    return len(history) > 1 and all(h.get("vae/kl", np.inf) < KL_COLLAPSED for h in history[-2:])


PROBLEMS: Mapping[str, Problem] = {
    "divergence": Problem(
        "generator",
        _diverged,
        "Training diverges: a loss or a gradient has grown a hundredfold. Try a lower --learning-rate, --clip-norm 1, "
        "or penalty=r1.",
    ),
    "won": Problem(
        "discriminator",
        _won,
        "The discriminator is right about nearly every example. Try a lower learning rate for it "
        "(--learning-rate-multipliers discriminator=0.25), smoothed labels (loss=non_saturating_smoothed), penalty=r1, "
        "or augment=translation,cutout.",
    ),
    "vanishing": Problem(
        "generator",
        _vanished,
        "The generator's gradient has vanished: it learns nothing more. Try a loss that does not saturate "
        "(loss=non_saturating, hinge or wasserstein), or fewer updates of the discriminator.",
    ),
    "collapse": Problem(
        "generator",
        _collapsed,
        "The samples are nearly all alike: the generator has collapsed. Try loss=relativistic, penalty=r1 or dragan, "
        "or a lower learning rate for the generator (--learning-rate-multipliers generator=0.5).",
    ),
    "posterior collapse": Problem(
        "vae",
        _posterior_collapsed,
        f"The KL is below {KL_COLLAPSED} nats: the codes say nothing about the input, and every reconstruction is the "
        "same (posterior collapse). Train for more epochs with a smaller --batch-size, or lower the KL's weight "
        "(beta=0.1), or raise it slowly (beta_vae with warmup=0.5).",
    ),
}


def diversity(samples: np.ndarray, real: np.ndarray) -> float:
    """How far samples (N, ...) are from each other, as a multiple of how far real examples (M, ...) are.

    0 for one sample N times, about 1 where they are like the data. Root mean squares of the distances between pairs.
    NaN where all real examples are equal.
    """

    def deviation(x: np.ndarray) -> float:
        return float(np.sqrt(np.sum(np.var(x.reshape(len(x), -1), axis=0, ddof=1)))) if len(x) > 1 else 0.0

    return deviation(samples) / deviation(real) if deviation(real) > 1e-6 else float("nan")


class Diagnosis:
    """Watches a run, epoch by epoch; says each problem once, until it has passed."""

    COUNT = 64

    def __init__(self, model: GenerativeModel, examples: Batch) -> None:
        self._real = np.asarray(examples[model.spec.target])
        self._history: list[Mapping[str, float]] = []
        self._said: set[str] = set()
        players = {p.name for p in model.players}
        self._problems = {name: p for name, p in PROBLEMS.items() if p.player in players}
        self._sample = model.signatures().get("sample") if "generator" in players else None

    def measure(self) -> dict[str, float]:
        """The diversity of samples of fixed seeds; nothing for models without a generator, or equal real examples."""
        if self._sample is None:
            return {}
        value = diversity(_samples(self._sample, self.COUNT), self._real)
        return {"generator/diversity": value} if np.isfinite(value) else {}

    def warnings(self, means: Mapping[str, float]) -> list[str]:
        """What to tell a person after an epoch of these means and this `step`."""
        self._history.append(means)
        seen = {name for name, problem in self._problems.items() if problem.seen(self._history)}
        new, self._said = seen - self._said, seen
        return [problem.says for name, problem in self._problems.items() if name in new]


def _samples(sample: Signature, count: int) -> np.ndarray:
    """Of the seeds 0, 1 and so on, in [-1, 1]; of each class in turn."""
    inputs = {name: example_values(feature, count) for name, feature in sample.inputs.items()}
    return np.asarray(sample.function(**inputs)["x"])

"""Adversarial examples: the smallest change of an input that changes a model's decision, found by gradient steps.

Szegedy et al., "Intriguing properties of neural networks", arXiv 1312.6199. An explanation says what the model looked
at; an attack says how little of it has to change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError
from explain.sources.source import Gradients, Source

STEPS, OVERSHOOT, HALVINGS = 200, 0.02, 20


@dataclass(frozen=True, eq=False)
class Attack:
    """An input and its adversarial example.

    Attributes:
      x, adversarial: the input and the changed input; the last point reached if the decision did not change.
      f_x, f_adversarial: the target at both.
      threshold: of the target, where the decision changes.
      steps: gradient steps.
      model, version, target: of the source.
    """

    x: NDArray[np.float32]
    adversarial: NDArray[np.float32]
    f_x: float
    f_adversarial: float
    threshold: float
    steps: int
    model: str
    version: int | None
    target: str

    @property
    def succeeded(self) -> bool:
        """Whether the decision changed."""
        return (self.f_x > self.threshold) != (self.f_adversarial > self.threshold)

    @property
    def distance(self) -> float:
        """Euclidean distance of the input and the adversarial example."""
        return float(np.linalg.norm((self.adversarial - self.x).astype(np.float64)))

    @property
    def summary(self) -> str:
        """The result in a sentence."""
        change = f"from {self.f_x:.4g} to {self.f_adversarial:.4g}"
        if not self.succeeded:
            return (
                f"{self.steps} steps did not change the decision: {self.target} went {change}, and the threshold is "
                f"{self.threshold:g}."
            )
        size = np.abs(self.adversarial - self.x)
        return (
            f"Changing the input by {size.mean():.2g} per element on average, {size.max():.2g} at most (Euclidean "
            f"distance {self.distance:.2g}), moved {self.target} {change}, just across the threshold "
            f"{self.threshold:g}."
        )


def attack(source: Source, x: ArrayLike, *, threshold: float = 0.0, low: float = 0.0, high: float = 1.0) -> Attack:
    """Moves `x` (..., in [low, high]) across the level `threshold` of the source's target, by as little as it can.

    Each step goes to where the linearised target reaches the threshold (DeepFool: Moosavi-Dezfooli et al., arXiv
    1511.04599), clipped to the range; a bisection between `x` and the last point then shortens the change.
    Errors: RequestError if the source gives no gradients, or for values outside [low, high].
    """
    gradients = source.gradients()
    if gradients is None:
        raise RequestError(
            "An attack needs gradients, which servers and functions do not give. Use Local with the model's folder."
        )
    start = np.asarray(x, np.float64)
    if start.size == 0 or start.min() < low or start.max() > high:
        received = f"values from {start.min():g} to {start.max():g}" if start.size else "no values"
        raise RequestError(f"An attack starts in [{low:g}, {high:g}]; received {received}. Give low and high.")

    def f(point: NDArray[Any]) -> float:
        return float(gradients.values(point[None].astype(np.float32))[0])

    f_x = f(start)

    def across(point: NDArray[Any]) -> bool:
        return (f(point) > threshold) != (f_x > threshold)

    goal = threshold + OVERSHOOT * (threshold - f_x)
    point, steps = start, 0
    while not across(point) and steps < STEPS:
        moved = _step(gradients, point, goal, low, high)
        if np.array_equal(moved, point):
            break
        point, steps = moved, steps + 1
    adversarial = (_bisect(across, start, point) if across(point) else point).astype(np.float32)
    name = source.model, source.version, source.target
    return Attack(start.astype(np.float32), adversarial, f_x, f(adversarial), threshold, steps, *name)


def _bisect(across: Callable[[NDArray[Any]], bool], start: NDArray[Any], end: NDArray[Any]) -> NDArray[Any]:
    """The point between `start` and `end` that is just across the threshold, as `end` is."""
    near, far = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        near, far = (near, middle) if across(start + middle * (end - start)) else (middle, far)
    return np.asarray(start + far * (end - start))


def _step(gradients: Gradients, point: NDArray[Any], goal: float, low: float, high: float) -> NDArray[Any]:
    """To where the linearised target has the value `goal`, clipped to the range; `point` if it cannot move."""
    (value,), (slope,) = gradients.gradient(point[None].astype(np.float32))
    # Elements at their bound cannot move out of the range, so the others have to move more.
    direction = slope * np.sign(goal - value)
    free = ~(((point <= low) & (direction < 0)) | ((point >= high) & (direction > 0)))
    squared = float((slope[free] ** 2).sum())
    return np.clip(point + (goal - value) / squared * slope * free, low, high) if squared else point

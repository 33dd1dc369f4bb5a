"""The smallest change of an input that turns a model's decision, by steps along the gradient.

Adversarial examples (Szegedy et al., arXiv 1312.6199) came before the nets that train on them; an explanation says what
the model looked at, an attack how little of it was needed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError
from explain.sources.models import Local

if TYPE_CHECKING:
    from explain.sources.gradients import Weights

STEPS, OVERSHOOT, HALVINGS = 200, 0.02, 20


@dataclass(frozen=True, eq=False)
class Attack:
    """What turned the decision.

    Attributes:
      x, turned: the input and its neighbour on the other side, or as far as the steps came.
      f_x, f_turned: the target at both.
      threshold: between the two decisions.
      steps: of the gradient.
    """

    x: NDArray[np.float32]
    turned: NDArray[np.float32]
    f_x: float
    f_turned: float
    threshold: float
    steps: int
    model: str
    version: int | None
    target: str

    @property
    def succeeded(self) -> bool:
        """Whether the decision turned."""
        return (self.f_x > self.threshold) != (self.f_turned > self.threshold)

    @property
    def distance(self) -> float:
        """Euclidean, of the input and its neighbour."""
        return float(np.linalg.norm((self.turned - self.x).astype(np.float64)))

    @property
    def summary(self) -> str:
        """What it took, in a sentence."""
        went = f"from {self.f_x:.4g} to {self.f_turned:.4g}"
        if not self.succeeded:
            return (
                f"{self.steps} steps did not turn the decision: f went {went}, and the threshold is {self.threshold:g}."
            )
        size = np.abs(self.turned - self.x)
        change = (
            f"{size.mean():.2g} a pixel on the mean, {size.max():.2g} at most (Euclidean length {self.distance:.2g})"
        )
        return f"A change of {change} turned {self.target} {went}, just over the threshold {self.threshold:g}."


def attack(source: Local, x: ArrayLike, *, threshold: float = 0.0, low: float = 0.0, high: float = 1.0) -> Attack:
    """Moves `x` (..., in [low, high]) across the level `threshold` of the source's target, and as little as it can.

    Each step goes to where the linear model of the target meets the threshold (DeepFool: Moosavi-Dezfooli et al., arXiv
    1511.04599), within the range; the way back is then halved until it just holds. Errors: RequestError.
    """
    if not isinstance(source, Local):
        raise RequestError(
            "An attack follows gradients, which a server does not give. Explain from the models' folder."
        )
    start, weights = np.asarray(x, np.float64), source.gradients()
    if start.size == 0 or start.min() < low or start.max() > high:
        raise RequestError(f"An attack starts between {low:g} and {high:g}; received other values. Give low and high.")

    def f(point: NDArray) -> float:
        return float(weights.values(point[None].astype(np.float32))[0])

    f_x = f(start)

    def over(value: float) -> bool:
        return (value > threshold) != (f_x > threshold)

    goal = threshold + OVERSHOOT * (threshold - f_x)
    point, steps = start, 0
    while not over(f(point)) and steps < STEPS:
        moved = _step(weights, point, goal, low, high)
        if np.array_equal(moved, point):
            break
        point, steps = moved, steps + 1
    near, far = 0.0, 1.0
    for _ in range(HALVINGS if over(f(point)) else 0):
        middle = (near + far) / 2
        near, far = (near, middle) if over(f(start + middle * (point - start))) else (middle, far)
    turned = (start + far * (point - start)).astype(np.float32)
    return Attack(
        start.astype(np.float32), turned, f_x, f(turned), threshold, steps, source.model, source.version, source.target
    )


def _step(weights: "Weights", point: NDArray, goal: float, low: float, high: float) -> NDArray:
    """To where the linear model of the target has the value `goal`, within the range; `point` if it cannot move."""
    (value,), (slope,) = weights.gradient(point[None].astype(np.float32))
    # A pixel at its bound cannot move out of the range, so the others have to.
    direction = slope * np.sign(goal - value)
    free = ~(((point <= low) & (direction < 0)) | ((point >= high) & (direction > 0)))
    squared = float((slope[free] ** 2).sum())
    return np.clip(point + (goal - value) / squared * slope * free, low, high) if squared else point

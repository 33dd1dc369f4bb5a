"""Learning rates over a run."""

import math
from typing import Any, final

import keras
import tensorflow as tf

SHAPES = ("constant", "linear", "cosine")


def learning_rate(rate: float, shape: str, warmup: int, updates: int) -> Any:
    """What a Keras optimizer takes: a number, or a schedule over `updates` updates; see Schedule."""
    return Schedule(rate, shape, warmup, updates) if shape != "constant" or warmup else rate


@final
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly over `warmup` updates, then stays, or falls to zero at update `end` linearly or by half a cosine.

    Half a cosine: Loshchilov & Hutter, arXiv 1608.03983, equation 5.
    """

    def __init__(self, rate: float, shape: str, warmup: int, end: int) -> None:
        self.rate, self.shape, self.warmup, self.end = rate, shape, warmup, end

    def __call__(self, step: Any) -> tf.Tensor:
        """The learning rate of update `step`, counted from 0."""
        t = tf.cast(step, tf.float32)
        rise = tf.minimum(1.0, (t + 1.0) / max(1, self.warmup))
        progress = tf.clip_by_value((t - self.warmup) / max(1, self.end - self.warmup), 0.0, 1.0)
        fall = {"constant": 1.0, "linear": 1.0 - progress, "cosine": 0.5 * (1.0 + tf.cos(math.pi * progress))}
        return self.rate * rise * fall[self.shape]

    def get_config(self) -> dict[str, Any]:
        """For Keras."""
        return {"rate": self.rate, "shape": self.shape, "warmup": self.warmup, "end": self.end}

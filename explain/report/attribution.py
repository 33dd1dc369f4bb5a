"""What an explanation says: the effect of each part, how it was found, and how far to trust it."""

import abc
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.fit.uncertainty import STANDARD_ERRORS_95
from explain.quality import verdict as verdicts
from explain.quality.metrics import Quality


@dataclass(frozen=True, eq=False)
class Attribution(abc.ABC):
    """A local linear model of one number of a model around one input, and how it was found.

    The unit of coefficients is that of the target, for example log-odds for logits.

    Attributes:
      coefficients: (K,) what each part adds to the target; 0 for dead parts, and for all parts of a constant target.
      errors: (K,) standard errors of the coefficients, over random masks.
      intercept: of the linear model: the target if all parts are masked.
      r2: weighted, over the samples, at most 1; NaN if the target is constant over them.
      r2_held_out: the same, with each sample predicted by a fit to the other samples.
      saturated: share of the outputs below .01 or above .99, if the target is a probability; else 0.
      f_x, f_baseline: the target at the input, and with every part masked.
      local_prediction: of the linear model at x.
      dead: parts that equal the baseline, so that masking them changes nothing.
      labels: the part of each position, 0..K-1: (H, W), (T, H, W), (F,), or (frequencies, times) of a spectrogram.
      names: of the parts, or None.
      kind: image, video, table, tokens, signal or spectrogram.
      x: the input: an image (H, W, C) or a video (T, H, W, C) in [0, 1], a row (F,), tokens (T,), or a signal (T,) or
        (T, C).
      baseline: name of what replaces a masked part.
      better_baseline: name of a baseline that fewer parts equal; None if there is none.
      model, version, target: of the source; `version` is None if there are no versions.
      engine, seed, alpha, kernel_width: options of the fit.
      reference_size: inputs of the reference batch with which each input was evaluated; 0 without one.
      samples: rows of the fit.
      evaluations, calls: inputs sent to the model, checks included, and the number of calls.
      seconds: wall time, without the quality metrics.
      quality: the quality metrics, if they were evaluated.
    """

    coefficients: NDArray[np.float64]
    errors: NDArray[np.float64]
    intercept: float
    r2: float
    r2_held_out: float
    saturated: float
    f_x: float
    f_baseline: float
    local_prediction: float
    dead: tuple[int, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...] | None
    kind: str
    x: NDArray[Any]
    baseline: str
    better_baseline: str | None
    model: str
    version: int | None
    target: str
    engine: str
    reference_size: int
    samples: int
    seed: int
    alpha: float
    kernel_width: float
    evaluations: int
    calls: int
    seconds: float
    quality: Quality | None = None

    @property
    def intervals(self) -> NDArray[np.float64]:
        """(K, 2): 95 % intervals of the coefficients, over random masks."""
        return self.coefficients[:, None] + np.array([-1, 1]) * STANDARD_ERRORS_95 * self.errors[:, None]

    @property
    def ranking(self) -> list[int]:
        """The parts that are not dead, by absolute coefficient, largest first."""
        dead = set(self.dead)
        order = np.argsort(-np.abs(self.coefficients), kind="stable")
        return [int(part) for part in order if int(part) not in dead]

    @property
    def heat(self) -> NDArray[np.float64]:
        """The coefficient at each position, in the shape of `labels`; NaN for dead parts."""
        values = self.coefficients.copy()
        values[list(self.dead)] = np.nan
        return np.asarray(values[self.labels])

    @property
    def headline(self) -> str:
        """f(x), f(baseline) and the held-out R² in one line."""
        r2 = "undefined: the target is constant" if math.isnan(self.r2) else f"{self.r2_held_out:.2f}"
        return f"f(x) = {self.f_x:.4g}    f(baseline) = {self.f_baseline:.4g}    R² = {r2}"

    @property
    def summary(self) -> str:
        """Three lines: the headline, the cost, and the verdict."""
        cost = f"{self.evaluations} evaluations in {self.calls} calls, {self.seconds:.2f} seconds"
        return f"{self.headline}\n{cost}\n{self.verdict}"

    @property
    def trust(self) -> verdicts.Trust:
        """Whether to trust the coefficients, in a word."""
        return verdicts.judge(self).trust

    @property
    def verdict(self) -> str:
        """Whether to trust the coefficients, in a sentence that names the remedy if not."""
        return verdicts.judge(self).sentence

    @abc.abstractmethod
    def save(self, path: str | Path) -> None:
        """Writes a file in the format of its suffix."""

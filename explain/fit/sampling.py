"""Samples perturbed inputs and evaluates them: all at once, or until independent replicates agree."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from explain.fit.engines import ENGINES, one_thread
from explain.fit.kernel import cosine_distances, exponential_kernel
from explain.fit.masks import DESIGNS, Masks, replicate_rows
from explain.fit.options import Options
from explain.parts.maps import Parts
from explain.sources.checks import check_finite
from explain.sources.evaluator import Evaluator

FREEDOM = 16
"""Degrees of freedom needed to judge the agreement of replicates: K for each replicate beyond the first."""


@final
class Sampler:
    """Masks over the parts that differ from the baseline, and the target's values for them."""

    def __init__(
        self,
        evaluate: Evaluator,
        x: NDArray[Any],
        baseline: NDArray[Any],
        parts: Parts,
        live: NDArray[np.bool_],
        options: Options,
    ) -> None:
        self._evaluate, self._x, self._baseline, self._parts = evaluate, x, baseline, parts
        self._live, self._options = live, options
        self._masks = DESIGNS[options.engine](options.rows(int(live.sum())), int(live.sum()), options.seed)

    def sample(self) -> tuple[Masks, NDArray[np.float64], float]:
        """Masks over the live parts (n, K), the target's values (n,), and f(baseline). Errors: ModelError."""
        rows, size = len(self._masks), replicate_rows(self._masks.shape[1])
        adaptive = self._options.engine == "fast" and self._options.agreement > 0
        used = min(rows, 1 + least_replicates(self._masks.shape[1]) * size) if adaptive else rows
        values = self._values(0, used)
        values, f_baseline = values[1:], float(values[0])
        while used < rows and not self._agree(values, size):
            # As many replicates as one call can hold: fewer would take as many calls.
            more = max(size, self._evaluate.chunk // size * size)
            values = np.concatenate([values, self._values(used, used + more)])
            used = len(values)
        return self._masks[:used], values, f_baseline

    def _values(self, start: int, stop: int) -> NDArray[np.float64]:
        """The values of these rows; f(baseline) comes before those of row 0."""
        selected, first = self._masks[start:stop], int(start == 0)
        masks = np.ones((first + len(selected), len(self._live)), bool)
        masks[:first], masks[first:, self._live] = False, selected
        values = self._evaluate(self._parts.apply(masks, self._x, self._baseline))
        check_finite(values)
        return values

    def _agree(self, values: NDArray[np.float64], size: int) -> bool:
        """Whether the replicates so far agree well enough on the coefficients."""
        starts = range(1, len(values) - size + 1, size)
        with one_thread():
            found = np.stack([self._coefficients(values, slice(i, i + size)) for i in starts])
        return disagreement(found) <= self._options.agreement

    def _coefficients(self, values: NDArray[np.float64], rows: slice) -> NDArray[np.float64]:
        masks, options = self._masks[rows], self._options
        kernel, penalty = exponential_kernel(options.kernel_width), options.alpha * len(masks)
        return ENGINES[options.engine](masks, values[rows], cosine_distances(masks), kernel, penalty).coefficients


def least_replicates(parts: int) -> int:
    """The least number of independent replicates before `fast` may stop."""
    return 1 + -(-FREEDOM // parts)


def disagreement(found: NDArray[np.float64]) -> float:
    """Coefficients (R, K) of R replicates -> the root mean square standard error of their mean, relative to its largest
    coefficient; 0 if all are 0."""
    error = np.sqrt(np.mean(found.var(axis=0, ddof=1)) / len(found))
    largest = np.abs(found.mean(axis=0)).max()
    return float(error / largest) if largest else 0.0

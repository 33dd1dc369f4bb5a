"""Checks of a model's answers: finite, the same from call to call, and independent of the rest of the batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.errors import ModelError
from explain.sources.evaluator import Evaluator

_RANDOM = "The output is random (dropout or noise in training mode?). Export the model in inference mode."
_BATCH = (
    "The output depends on the rest of the batch (batch normalisation in training mode, minibatch statistics?), so "
    "perturbed inputs would affect one another. Export the model in inference mode, or give a reference batch with "
    "which each input is evaluated: reference=images (zoo explain --reference DATA)."
)


def check_repeatable(evaluate: Evaluator, x: NDArray[Any], alone: float, batched: float, slack: float) -> None:
    """Compares f(x) evaluated alone with f(x) evaluated in a batch; evaluates f(x) again if they differ.

    Errors: ModelError, which says whether the output is random or depends on the batch.
    """
    if abs(batched - alone) <= slack:
        return
    (again,) = evaluate(x[None])
    received, why = (again, _RANDOM) if abs(again - alone) > slack else (batched, _BATCH)
    raise ModelError(f"The model gave f(x) = {alone:.6g}, then {received:.6g}. {why}")


def check_finite(values: NDArray[np.float64]) -> None:
    """Errors: ModelError if a value is NaN or infinite."""
    bad = int(np.sum(~np.isfinite(values)))
    if bad:
        raise ModelError(
            f"The model answered {bad} of {values.size} inputs with NaN or infinity. "
            "Explain another output, or a model whose training did not diverge."
        )

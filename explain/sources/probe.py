"""Finds models that cannot be explained as they are: whose answer depends on chance or on the rest of the batch."""

import numpy as np
from numpy.typing import NDArray

from explain.errors import ModelError
from explain.sources.source import Meter

_CHANCE = "It draws on chance (Dropout or noise in training mode?). Export it in inference mode."
_COMPANY = (
    "It depends on the rest of the batch (batch normalisation in training mode, minibatch statistics?), so perturbed "
    "copies would contaminate one another. Export it in inference mode, or evaluate each copy in the same company: "
    "reference=images (zoo explain --reference DATA)."
)


def compare(meter: Meter, x: NDArray, alone: float, beside: float, slack: float) -> None:
    """Compares f(x) evaluated alone with f(x) beside other inputs; asks once more where they differ.

    Errors: ModelError, which tells chance from company.
    """
    if abs(beside - alone) <= slack:
        return
    (again,) = meter(x[None])
    received, why = (again, _CHANCE) if abs(again - alone) > slack else (beside, _COMPANY)
    raise ModelError(f"The model gave f(x) = {alone:.6g}, then {received:.6g}. {why}")


def demand_finite(values: NDArray[np.float64]) -> None:
    """Errors: ModelError where a value is NaN or infinite."""
    bad = int(np.sum(~np.isfinite(values)))
    if bad:
        raise ModelError(
            f"The model answered {bad} of {values.size} inputs with NaN or infinity. "
            "Explain another output, or a model whose training did not diverge."
        )

"""Engines: two implementations of the same weighted ridge regression of the target on the masks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from explain.fit.kernel import Kernel


@dataclass(frozen=True)
class LinearModel:
    """The linear model g(z) = intercept + Σ coefficients·z of the target over masks z."""

    coefficients: NDArray[np.float64]  # (K,)
    intercept: float

    def predict(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Masks (n, K) -> predictions (n,)."""
        return masks @ self.coefficients + self.intercept


class Engine(Protocol):
    """Minimises Σ kernel(distances)·(values − g(masks))² + penalty·‖coefficients‖² over linear g.

    masks (n, K); values and distances (n,). Row 0 is the input itself. The intercept is not penalised.
    """

    def __call__(
        self,
        masks: NDArray[np.bool_],
        values: NDArray[np.float64],
        distances: NDArray[np.float64],
        kernel: Kernel,
        penalty: float,
    ) -> LinearModel: ...


def lime(
    masks: NDArray[np.bool_],
    values: NDArray[np.float64],
    distances: NDArray[np.float64],
    kernel: Kernel,
    penalty: float,
) -> LinearModel:
    """The package `lime` itself: LimeBase.explain_instance_with_data (Ribeiro, Singh & Guestrin 2016)."""
    from lime.lime_base import LimeBase
    from sklearn.linear_model import Ridge

    # The fit uses no random numbers; with its own state LimeBase leaves the global state of numpy alone.
    base = LimeBase(kernel, random_state=0)
    intercept, pairs, _, _ = base.explain_instance_with_data(
        masks.astype(np.float64),
        values[:, None],
        distances,
        label=0,
        num_features=masks.shape[1],
        feature_selection="none",  # "auto" would select forward up to six parts, and fit twice above
        model_regressor=Ridge(alpha=penalty),
    )
    coefficients = np.zeros(masks.shape[1])
    for part, weight in pairs:
        coefficients[part] = weight
    return LinearModel(coefficients, float(intercept))


def fast(
    masks: NDArray[np.bool_],
    values: NDArray[np.float64],
    distances: NDArray[np.float64],
    kernel: Kernel,
    penalty: float,
) -> LinearModel:
    """The same minimum in closed form: the normal equations of the centred masks."""
    weights = kernel(distances)
    z = masks.astype(np.float64)
    centre, mean = np.average(z, axis=0, weights=weights), np.average(values, weights=weights)
    z -= centre
    gram = z.T @ (weights[:, None] * z)
    gram.flat[:: len(gram) + 1] += penalty
    coefficients = np.asarray(np.linalg.solve(gram, z.T @ (weights * (values - mean))), np.float64)
    return LinearModel(coefficients, float(mean - centre @ coefficients))


ENGINES: Mapping[str, Engine] = {"lime": lime, "fast": fast}


def one_thread() -> ThreadpoolController:
    """A context in which BLAS uses one thread: a second one makes fits of this size 15 to 25 times slower."""
    return _pools().limit(limits=1, user_api="blas")


@cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()  # finding the libraries takes longer than the fit

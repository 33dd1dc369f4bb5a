"""What an explanation says, how far to trust it, and its forms on disk: PNG, JSON, HTML."""

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError

GOOD_FIT, POOR_FIT = 0.8, 0.5
"""R² from which the linear model describes the target well, and below which it does not."""

SAMPLES_A_PART = 3
"""With fewer samples for each fitted part the fit follows chance, and R² flatters it."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """A local linear model of one number of a model around one image, and how it was found.

    The target's unit is the model's own: log-odds for logits. Two are equal if every field is.
    """

    coefficients: NDArray[
        np.float64
    ]  # (K,): what each part adds to the target; dead parts, and all of a constant target, 0
    intercept: float
    r2: float  # weighted, over the samples, at most 1; NaN when the target is constant over them
    f_x: float
    f_baseline: float
    local_prediction: float  # the linear model's f(x)
    dead: tuple[int, ...]  # parts that equal the baseline, so could not be hidden
    labels: NDArray[np.int64]  # (H, W), 0..K-1
    image: NDArray[np.float32]  # (H, W, C) in [0, 1]
    baseline: str
    model: str
    version: int | None
    target: str
    engine: str
    samples: int
    seed: int
    alpha: float
    kernel_width: float
    evaluations: int  # images sent to the model, probes included
    calls: int
    seconds: float

    @property
    def ranking(self) -> list[int]:
        """The live parts, strongest effect first."""
        dead = set(self.dead)
        order = np.argsort(-np.abs(self.coefficients), kind="stable")
        return [int(part) for part in order if int(part) not in dead]

    @property
    def heat(self) -> NDArray[np.float64]:
        """(H, W): each pixel's coefficient; NaN over dead parts."""
        values = self.coefficients.copy()
        values[list(self.dead)] = np.nan
        return values[self.labels]

    @property
    def headline(self) -> str:
        """f(x), f(baseline) and R² in one line."""
        r2 = "undefined: the target is constant" if math.isnan(self.r2) else f"{self.r2:.2f}"
        return f"f(x) = {self.f_x:.4g}    f(baseline) = {self.f_baseline:.4g}    R² = {r2}"

    @property
    def summary(self) -> str:
        """The headline, what it took, and the verdict: three lines."""
        took = f"{self.evaluations} evaluations in {self.calls} calls, {self.seconds:.2f} seconds"
        return f"{self.headline}\n{took}\n{self.verdict}"

    @property
    def verdict(self) -> str:
        """A plain sentence on how far to trust the coefficients."""
        if math.isnan(self.r2):
            return (
                "The target does not change whichever parts are hidden, so there is nothing to explain: "
                "disregard the coefficients, and try another target or baseline."
            )
        live = len(self.coefficients) - len(self.dead)
        if self.samples < SAMPLES_A_PART * live:
            return (
                f"{self.samples} samples are too few for {live} parts, whatever R² says: "
                f"take {SAMPLES_A_PART * live} or more before reading the coefficients."
            )
        share = f"The parts, added up, account for {max(self.r2, 0):.0%} of what hiding them does"
        if self.r2 >= GOOD_FIT:
            return f"{share}: the coefficients describe the model well around this image."
        if self.r2 >= POOR_FIT:
            return f"{share}: read the largest coefficients only; the parts act on one another."
        return f"{share}: do not rely on the coefficients. Try larger or other parts, or another baseline."

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Explanation) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def to_json(self) -> str:
        """A JSON object of the fields; numbers round-trip exactly, NaN is null."""
        return json.dumps({field.name: _plain(getattr(self, field.name)) for field in fields(self)}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`. Errors: RequestError when the text is something else."""
        try:
            values: dict[str, Any] = json.loads(text)
            values["r2"] = math.nan if values["r2"] is None else values["r2"]
            values["dead"] = tuple(values["dead"])
            for name, dtype in (("coefficients", np.float64), ("labels", np.int64), ("image", np.float32)):
                values[name] = np.array(values[name], dtype)
            return cls(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise RequestError(f"This is no explanation saved as JSON by explain/ ({error}).") from error

    def save(self, path: str | Path) -> None:
        """Writes the form that the suffix names: .png, .json or .html. Errors: RequestError for any other."""
        from explain import report

        path = Path(path)
        forms = {
            ".png": lambda: report.png(self),
            ".json": lambda: self.to_json().encode(),
            ".html": lambda: report.html(self).encode(),
        }
        if path.suffix.lower() not in forms:
            raise RequestError(f"An explanation is saved as {', '.join(forms)}; received {path.name!r}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(forms[path.suffix.lower()]())


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # float32's own shortest digits: half as many as the same number takes in float64.
        exact = value.astype(str).astype(np.float64) if value.dtype == np.float32 else value
        return exact.tolist()
    return None if isinstance(value, float) and math.isnan(value) else value

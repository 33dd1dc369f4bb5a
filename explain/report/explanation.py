"""What an explanation says, how far to trust it, and its forms on disk: PNG, JSON, npz, HTML."""

import io
import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.fit.inference import LEVEL
from explain.quality import verdict as verdicts
from explain.quality.measures import Quality
from serving.protocol.files import write_whole

ARRAYS = {"coefficients": np.float64, "errors": np.float64, "labels": np.int64, "x": None}
"""The fields that are arrays, and their types; None: as saved."""

FORMS = (".png", ".json", ".npz", ".html")
"""Suffixes of the files that an explanation is saved as."""

COST = ("seconds",)
"""What differs between two runs that found the same."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """A local linear model of one number of a model around one input, and how it was found.

    The target's unit is the model's own: log-odds for logits. Two are equal if every field is, but for the seconds.

    Attributes:
      coefficients: (K,) what each part adds to the target; 0 for dead parts, and for all of a constant target.
      errors: (K,) their standard errors over other draws of the masks.
      intercept: of the linear model: the target where all is hidden.
      r2: weighted, over the samples, at most 1; NaN when the target is constant over them.
      r2_held_out: the same, each sample predicted by the fit of all others.
      saturated: share of the answers below .01 or above .99, of a target that stays in [0, 1].
      f_x, f_baseline: the target at the input, and where every part is hidden.
      local_prediction: the linear model's f(x).
      dead: parts that equal the baseline, so could not be hidden.
      labels: the part at each place, 0..K-1: (H, W), (T, H, W), (F,); (frequencies, times) for a spectrogram.
      names: of the parts, where they have any.
      kind: image, video, table, tokens, signal, spectrogram.
      x: the input: an image (H, W, C) in [0, 1], a video (T, H, W, C) in [0, 1], a row (F,), tokens or a signal (T,).
      baseline: what a hidden part showed.
      company: inputs of the fixed batch in which each was evaluated; 0 if the model does not look at its batch.
      samples: rows of the fit.
      evaluations, calls: inputs sent to the model, probes included, and in how many calls.
      quality: what `explain.quality.assess` measured, if it was asked to.
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
    x: NDArray
    baseline: str
    model: str
    version: int | None
    target: str
    engine: str
    company: int
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
        """(K, 2): 95 % intervals of the coefficients over other draws of the masks."""
        return self.coefficients[:, None] + np.array([-LEVEL, LEVEL]) * self.errors[:, None]

    @property
    def ranking(self) -> list[int]:
        """The live parts, strongest effect first."""
        dead = set(self.dead)
        order = np.argsort(-np.abs(self.coefficients), kind="stable")
        return [int(part) for part in order if int(part) not in dead]

    @property
    def heat(self) -> NDArray[np.float64]:
        """The labels' shape: each place's coefficient; NaN over dead parts."""
        values = self.coefficients.copy()
        values[list(self.dead)] = np.nan
        return values[self.labels]

    @property
    def headline(self) -> str:
        """f(x), f(baseline) and the held-out R² in one line."""
        r2 = "undefined: the target is constant" if math.isnan(self.r2) else f"{self.r2_held_out:.2f}"
        return f"f(x) = {self.f_x:.4g}    f(baseline) = {self.f_baseline:.4g}    R² = {r2}"

    @property
    def summary(self) -> str:
        """The headline, what it took, and the verdict: three lines."""
        took = f"{self.evaluations} evaluations in {self.calls} calls, {self.seconds:.2f} seconds"
        return f"{self.headline}\n{took}\n{self.verdict}"

    @property
    def trust(self) -> verdicts.Trust:
        """Whether to trust the coefficients, in a word."""
        return verdicts.judge(self).trust

    @property
    def verdict(self) -> str:
        """A plain sentence on how far to trust the coefficients, with the remedy where it is not far."""
        return verdicts.judge(self).sentence

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Explanation) and self._answer() == other._answer()

    __hash__ = None  # type: ignore[assignment]

    def _answer(self) -> dict[str, Any]:
        values = {name: value for name, value in self._plain().items() if name not in COST}
        return values | {"x_type": str(self.x.dtype)}

    def _plain(self) -> dict[str, Any]:
        values = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return values | {"quality": self.quality and asdict(self.quality), "tokens": self.x.dtype.kind == "i"}

    def to_json(self) -> str:
        """A JSON object of the fields; numbers round-trip exactly, NaN is null."""
        return json.dumps(self._plain(), allow_nan=False)

    def to_npz(self) -> bytes:
        """The arrays by name, and the other fields as JSON in `fields`, in numpy's format."""
        others = {name: value for name, value in self._plain().items() if name not in ARRAYS}
        target = io.BytesIO()
        arrays: dict[str, Any] = {name: getattr(self, name) for name in ARRAYS}
        np.savez_compressed(target, fields=json.dumps(others, allow_nan=False), **arrays)
        return target.getvalue()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`. Errors: RequestError when the text is something else."""
        try:
            return cls._of(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RequestError(f"This is no explanation saved as JSON by explain/ ({error}).") from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads what `save` wrote as .json or .npz. Errors: RequestError."""
        path = Path(path)
        try:
            if path.suffix.lower() != ".npz":
                return cls.from_json(path.read_text())
            with np.load(path) as file:
                return cls._of(json.loads(str(file["fields"])) | {name: file[name] for name in ARRAYS})
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise RequestError(f"{path} is no explanation saved as .json or .npz by explain/ ({error}).") from error

    @classmethod
    def _of(cls, values: dict[str, Any]) -> Self:
        tokens = values.pop("tokens")
        for name in ("r2", "r2_held_out"):
            values[name] = math.nan if values[name] is None else values[name]
        values["dead"], values["names"] = tuple(values["dead"]), values["names"] and tuple(values["names"])
        for name, dtype in ARRAYS.items():
            values[name] = np.array(values[name], dtype or (np.int64 if tokens else np.float32))
        return cls(**values | {"quality": values["quality"] and Quality(**values["quality"])})

    def save(self, path: str | Path) -> None:
        """Writes the form that the suffix names: .png, .json, .npz or .html. Errors: RequestError for any other."""
        from explain.report.pages import page
        from explain.report.pictures import png

        forms = {
            ".png": lambda: png(self),
            ".json": lambda: self.to_json().encode(),
            ".npz": self.to_npz,
            ".html": lambda: page(self).encode(),
        }
        write_whole(Path(path), forms[form(Path(path))]())


def form(path: Path) -> str:
    """The suffix, one of FORMS. Errors: RequestError for any other."""
    if path.suffix.lower() not in FORMS:
        raise RequestError(f"An explanation is saved as {', '.join(FORMS)}; received {path.name!r}.")
    return path.suffix.lower()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # float32's own shortest digits: half as many as the same number takes in float64.
        exact = value.astype(str).astype(np.float64) if value.dtype == np.float32 else value
        return exact.tolist()
    return None if isinstance(value, float) and math.isnan(value) else value

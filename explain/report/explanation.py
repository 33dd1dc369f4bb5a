"""An explanation as its users hold it: what it says, and how it is saved and loaded."""

import io
import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self, final

import numpy as np

from explain.errors import RequestError
from explain.quality.metrics import Quality
from explain.report.attribution import Attribution
from serving.protocol.files import write_whole

ARRAYS = {"coefficients": np.float64, "errors": np.float64, "labels": np.int64, "x": None}
"""The fields that are arrays, and their dtypes; None: as saved."""

FORMATS = (".png", ".json", ".npz", ".html")
"""Suffixes of the formats in which an explanation can be saved."""

COST = ("seconds",)
"""Fields that differ between two runs with the same result."""


@final
@dataclass(frozen=True, eq=False)
class Explanation(Attribution):
    """What `explain` returns; its fields are those of Attribution. Equal if all fields but the seconds are."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Explanation) and self._result() == other._result()

    __hash__ = None  # type: ignore[assignment]

    def _result(self) -> dict[str, Any]:
        values = {name: value for name, value in self._plain().items() if name not in COST}
        return values | {"x_type": str(self.x.dtype)}

    def _plain(self) -> dict[str, Any]:
        values = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return values | {"quality": self.quality and asdict(self.quality), "tokens": self.x.dtype.kind == "i"}

    def to_json(self) -> str:
        """A JSON object of the fields. Numbers round-trip exactly, NaN is null."""
        return json.dumps(self._plain(), allow_nan=False)

    def to_npz(self) -> bytes:
        """numpy's format: the arrays by name, and the other fields as JSON in `fields`."""
        others = {name: value for name, value in self._plain().items() if name not in ARRAYS}
        target = io.BytesIO()
        arrays: dict[str, Any] = {name: getattr(self, name) for name in ARRAYS}
        np.savez_compressed(target, fields=np.array(json.dumps(others, allow_nan=False)), **arrays)
        return target.getvalue()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`. Errors: RequestError for any other text."""
        try:
            return cls._of(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RequestError(f"This is no explanation saved as JSON by explain/ ({error}).") from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads a .json or .npz file that `save` wrote. Errors: RequestError."""
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
        """Writes a file in the format of its suffix: .png, .json, .npz or .html. Makes its folder.

        Errors: RequestError for another suffix.
        """
        path = Path(path)
        content = self._encode(check_format(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)

    def __repr__(self) -> str:
        """What is explained, and the summary."""
        return f"Explanation of {self.target} of {self.model}\n{self.summary}"

    def _repr_png_(self) -> bytes:
        """For a notebook."""
        return self._encode(".png")

    def _encode(self, suffix: str) -> bytes:
        if suffix == ".json":
            return self.to_json().encode()
        if suffix == ".npz":
            return self.to_npz()
        from explain.report import pages, pictures  # they load matplotlib

        return pictures.png(self) if suffix == ".png" else pages.page(self).encode()


def check_format(path: Path) -> str:
    """The suffix, one of FORMATS. Errors: RequestError for another one."""
    if path.suffix.lower() not in FORMATS:
        raise RequestError(f"An explanation is saved as {', '.join(FORMATS)}; received {path.name!r}.")
    return path.suffix.lower()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # The shortest digits of float32 are half as many as those of the same number as float64.
        exact = value.astype(str).astype(np.float64) if value.dtype == np.float32 else value
        return exact.tolist()
    return None if isinstance(value, float) and math.isnan(value) else value

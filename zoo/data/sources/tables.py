"""Tables in CSV and Parquet files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core import features
from zoo.core.columns import Column
from zoo.core.features import Feature
from zoo.data import kinds, labels
from zoo.data.dataset import Data, Notes, needed, spec_of, without_examples
from zoo.data.errors import DataError
from zoo.data.form import Format
from zoo.data.splits import Arrays, held_out

SUFFIXES = (".csv", ".tsv", ".parquet")
_CATEGORIES = 100
"""Different texts that a column may have and still be one of categories."""
_TRUE, _FALSE = ("true", "yes", "t", "y"), ("false", "no", "f", "n")
_DATE = r"\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?)?"


def load(name: str, files: Sequence[Path], form: Format) -> Data:
    """Tables of the same columns, one after the other. See `of`. Errors: DataError."""
    return of(name, _read(name, files), form)


def of(name: str, frame: Any, form: Format) -> Data:
    """A data frame of pandas.

    A column's type is the one that `form.columns` says, or is found from its values: numbers, texts `true` and
    `false` or `yes` and `no` (a flag), dates YYYY-MM-DD, or at most 100 different texts (a category). The scale of
    numbers and dates is the training rows'. Errors: DataError for missing values and columns of no type.
    """
    form.only("table", name)
    if form.size or form.channels:
        raise DataError(f"{name} is a table; size and channels are for images. Omit them.")
    if not len(frame):
        raise DataError(f"{name} has no rows. Add some.")
    unknown = [key for key in (*form.columns, *form.omit, *((form.label,) if form.label else ())) if key not in frame]
    if unknown:
        raise DataError(f"{name} has no column {unknown[0]!r}; it has {', '.join(map(str, frame.columns))}.")
    kept = frame.drop(columns=list(form.omit))
    _whole(name, kept)
    others: dict[str, tuple[np.ndarray, Feature]] = {}
    if form.label:
        values = kept.pop(form.label)
        texts = values.to_numpy() if values.dtype.kind in "iub" else values.astype(str).to_numpy(dtype=np.str_)
        others["label"] = labels.classes(texts, len(kept), f"the column {form.label!r} of {name}", form.names)
    label = others["label"][0] if others else None
    test = held_out(label, len(kept))
    columns, parts = [], []
    for key in kept.columns:
        column, x = _column(str(key), kept[key], ~test, form.columns.get(str(key), ""), name)
        columns.append(column)
        parts.append(x)
    if not columns:
        raise DataError(f"{name} has no columns that are left. Leave out fewer.")
    target = features.table(columns)
    arrays = {"table": np.concatenate(parts, axis=1), **{key: x for key, (x, _) in others.items()}}
    spec = spec_of(target, {key: feature for key, (_, feature) in others.items()})
    train, held = (Arrays({key: x[rows] for key, x in arrays.items()}) for rows in (~test, test))
    notes = Notes(None, tuple(f"column {key!r}" for key in form.omit), without_examples(spec, label))
    return Data(name, spec, train, held, notes)


def _read(name: str, files: Sequence[Path]) -> Any:
    """One data frame of all files."""
    pandas = needed("pandas", "CSV and Parquet tables")
    frames = []
    for file in files:
        try:
            if file.suffix == ".parquet":
                needed("pyarrow", "Parquet tables")
                frames.append(pandas.read_parquet(file))
            else:
                frames.append(pandas.read_csv(file, sep="\t" if file.suffix == ".tsv" else ",", skipinitialspace=True))
        except (OSError, ValueError, UnicodeDecodeError) as error:
            line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise DataError(f"{file} cannot be read as a table ({line}). Write it again.") from None
        if list(frames[-1].columns) != list(frames[0].columns):
            raise DataError(f"{files[0]} and {file} have different columns. Give them the same, in one order.")
    return pandas.concat(frames, ignore_index=True)


def _whole(name: str, frame: Any) -> None:
    """Errors: DataError where values are missing; it says in which columns, how many and in which row the first."""
    missing = frame.isna()
    if missing.to_numpy().any():
        column = missing.columns[missing.any()][0]
        others = int(missing.any().sum()) - 1
        more = f", and {others} more columns have such" if others else ""
        raise DataError(
            f"The column {column!r} of {name} has no value in {int(missing[column].sum())} rows, the first is row "
            f"{int(missing[column].to_numpy().argmax())}{more}. Fill them, or leave the column out: "
            '"omit" in a file beside it (docs/data.md).'
        )


def _column(name: str, values: Any, learn: np.ndarray, type_: str, what: str) -> tuple[Column, np.ndarray]:
    """A column as the zoo's Column, and float32 (N, width)."""
    if values.dtype.kind in "iufb":
        return kinds.numbers(name, values.to_numpy(), learn, type_, what)
    if values.dtype.kind == "M":
        texts = values.dt.strftime("%Y-%m-%d")
        return _date(name, texts, learn, what)
    texts = values.astype(str)
    small = texts.str.lower()
    if type_ == "flag" or (not type_ and small.isin([*_TRUE, *_FALSE]).all()):
        unknown = texts[~small.isin([*_TRUE, *_FALSE, "1", "0"])]
        if len(unknown):
            raise DataError(f"The column {name!r} of {what} has {unknown.iloc[0]!r}; a flag is true or false.")
        return kinds.encoded(Column(name, "flag"), small.isin([*_TRUE, "1"]).to_numpy())
    if type_ == "date" or (not type_ and texts.str.fullmatch(_DATE).all()):
        return _date(name, texts.str[:10], learn, what)
    if type_ == "number":
        raise DataError(
            f"The column {name!r} of {what} has text, as {texts.iloc[0]!r}; numbers are needed. Convert it."
        )
    known = sorted(texts.unique().tolist())
    if not type_ and len(known) > _CATEGORIES:
        raise DataError(
            f"The column {name!r} of {what} has {len(known)} different texts, as {known[0]!r}: too many for "
            'categories. Leave it out ("omit") or call it a category ("columns"), in a file beside it: docs/data.md.'
        )
    return kinds.encoded(Column(name, "category", categories=tuple(known)), texts.to_numpy(dtype=np.str_))


def _date(name: str, texts: Any, learn: np.ndarray, what: str) -> tuple[Column, np.ndarray]:
    """Dates YYYY-MM-DD, by days since 1970-01-01."""
    try:
        days = texts.to_numpy(dtype=np.str_).astype("datetime64[D]").astype(np.int64)
    except ValueError as error:
        raise DataError(f"The column {name!r} of {what} has no dates YYYY-MM-DD ({error}). Write them so.") from None
    ends = days[learn]
    column = Column(name, "date", low=float(ends.min()), high=float(ends.max()))
    return kinds.encoded(column, texts.to_numpy(dtype=np.str_))

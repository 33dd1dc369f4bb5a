"""The page of results, from the stored files alone: what was shown, what was not, what is not measured yet."""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from serving.protocol.files import write_whole
from zoo.core.errors import UserError
from zoo.core.registry import Recipe
from zoo.evaluation import figures
from zoo.evaluation.comparison import Comparison
from zoo.evaluation.results import Results, Store
from zoo.evaluation.verdicts import Verdict, Verified

_INTRODUCTION = """\
# Results

Made by `zoo report`; a test fails where this page and the files differ.

A claim is what a paper says of its model, as one number: a measure of the model against the same measure of something
else, with the same data, epochs, batches and seeds. It is *shown* where the whole 95 % interval of the difference lies
on the claimed side of zero: Student's t over the seeds, a seed's two trainings being a pair. Few seeds make wide
intervals: what is not shown is not refuted. *Training* is the model's longest of the seeds', on two cores that also did
other work; a GAN's on one of them. The command in a row makes its figures again; the file beside it holds the whole
protocol. [evaluation.md](evaluation.md) tells what the distances mean and when they mislead.
"""
_CLAIMS = ("model", "claim", "measure", "model's, by seed", "against", "difference", "training", "again")
_COMPARED = ("model", "last", "best of its looks", "last, to the first", "runs that failed")


def write(results: Results, recipes: Iterable[Recipe], store: Store, path: Path) -> None:
    """Writes the page at `path`, and the pictures of comparisons. Errors: UserError where there are no results."""
    if not (results.verified or results.compared):
        raise UserError(
            f"{store.records} holds no results, so {path} is left as it is. `zoo verify MODEL --store {store.records}` "
            f"makes one."
        )
    store.pictures.mkdir(parents=True, exist_ok=True)
    for comparison in results.compared:
        figures.curves(comparison, store.pictures / f"{comparison.name}.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page(results, recipes, store, path))


def page(results: Results, recipes: Iterable[Recipe], store: Store, path: Path) -> str:
    """The text of the page at `path`.

    The store gives the pictures, and the notes: what others found of the same question, or why a claim is not shown,
    stands under the table with the result.
    """
    records, pictures = (os.path.relpath(folder, path.parent) for folder in (store.records, store.pictures))
    rows = [(v.shown, _row(found, v, records)) for found in results.verified for v in found.verdicts]
    parts = [_INTRODUCTION]
    for title, shown in (("Shown", True), ("Not shown", False)):
        some = [row for what, row in rows if what == shown]
        parts += [f"## {title}\n", f"{len(some)} of {len(rows)} claims.\n", *([_table(_CLAIMS, some)] if some else [])]
    parts += [note for found in results.verified if (note := store.note(found.name))]
    parts += ["## Compared\n"] * bool(results.compared)
    parts += [_compared(found, records, pictures, store.note(found.name)) for found in results.compared]
    parts += _drawn(results, store, pictures)
    known = {found.model for found in results.verified}
    missing = [f"- `{recipe.name}`" for recipe in recipes if recipe.name not in known]
    parts += ["## Not measured yet\n", "\n".join(missing) or "Nothing: every model has its result.", ""]
    return "\n".join(parts)


def _row(found: Verified, verdict: Verdict, records: str) -> Sequence[str]:
    claim, protocol = verdict.claim, verdict.difference.protocol
    return (
        f"`{found.model}`",
        claim.says + "".join(f"; failed: {text}" for text in verdict.failures),
        f"`{claim.measure}`, {claim.direction}",
        _numbers(verdict.ours),
        f"{claim.against}: {_numbers(verdict.theirs)}",
        str(verdict.difference),
        f"{max(found.seconds, default=math.nan):.0f} s",
        f"`{protocol.command}` ([file]({records}/{found.name}.json))",
    )


def _compared(comparison: Comparison, records: str, pictures: str, note: str) -> str:
    first = comparison.entries[0]
    rows = [
        (
            f"`{e.model}`",
            str(e.last),
            f"{e.best} of {len(e.looks)}",
            str(e.difference or ""),
            f"{len(e.failures)} of {len(e.curves)}",
        )
        for e in comparison.ranked
    ]
    return "\n".join(
        [
            f"### {comparison.title}\n",
            f"![{comparison.measure} over epochs]({pictures}/{comparison.name}.png)\n",
            f"`{comparison.measure}`, {comparison.better} is better; the first is `{first.model}`; of "
            f"{first.last.protocol.data}. The file: [{comparison.name}.json]({records}/{comparison.name}.json). "
            "Again:\n",
            f"```\n{first.last.protocol.command}\n```\n",
            _table(_COMPARED, rows),
            *([note] if note else []),
        ]
    )


def _drawn(results: Results, store: Store, pictures: str) -> list[str]:
    """What each verified model draws after its first training."""
    lines = [
        f"`{found.model}` on {found.data}:\n\n![{found.model} on {found.data}]({pictures}/{path.name})\n"
        for found in results.verified
        for path in store.drawn(found.name)
    ]
    if not lines:
        return []
    return [
        "## Seen\n",
        "After the last epoch with seed 0; where a model reconstructs, beside the originals.\n",
        *lines,
    ]


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.3g}" for v in values)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"

"""The page of results, from the stored files alone: claims that are shown or not, and what is missing."""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from serving.protocol.files import write_whole
from zoo.core.errors import UserError
from zoo.core.registry import Recipe
from zoo.evaluation.compare import plot
from zoo.evaluation.results import ClaimResult, Comparison, Results, Store, Verification

_INTRODUCTION = """\
# Results

Made by `zoo report`; a test fails where this page and the files differ.

A claim is what a paper says of its model, as one number: a measure of the model, compared with the same measure of
something else, with the same data, epochs, batches and seeds. It is *shown* where the whole 95 % interval of the
difference lies on the claimed side of zero. The interval is Student's t over the seeds; the two trainings with the same
seed are a pair. Few seeds make wide intervals: a claim that is not shown is not refuted. *Training* is the longest
training of the model, on two cores that also did other work; a GAN's on one of them. The command in a row measures its
numbers again, and its file has the whole protocol. [evaluation.md](evaluation.md) says what the distances mean,
and when they mislead.
"""
_CLAIMS = ("model", "claim", "measure", "by seed", "compared with", "difference", "training", "command")
_COMPARED = ("model", "last", "best", "last, minus the first model's", "failed runs")


def write(results: Results, recipes: Iterable[Recipe], store: Store, path: Path) -> None:
    """Writes the page at `path`, and the pictures of comparisons. Errors: UserError where there are no results."""
    if not (results.verifications or results.comparisons):
        raise UserError(
            f"{store.records} holds no results, so {path} is left as it is. `zoo verify MODEL --store {store.records}` "
            f"makes one."
        )
    for comparison in results.comparisons:
        plot(comparison, store.pictures / f"{comparison.name}.png")
    write_whole(path, page(results, recipes, store, path))


def page(results: Results, recipes: Iterable[Recipe], store: Store, path: Path) -> str:
    """The text of the page at `path`.

    The store has the pictures, and a note where there is something to say of a result: what others found, or why a
    claim is not shown. Notes follow the table with their result.
    """
    records, pictures = (os.path.relpath(folder, path.parent) for folder in (store.records, store.pictures))
    rows = [(c.shown, _row(found, c, records)) for found in results.verifications for c in found.claims]
    parts = [_INTRODUCTION]
    for title, shown in (("Shown", True), ("Not shown", False)):
        some = [row for is_shown, row in rows if is_shown == shown]
        parts += [f"## {title}\n", f"{len(some)} of {len(rows)} claims.\n", *([_table(_CLAIMS, some)] if some else [])]
    parts += [note for found in results.verifications if (note := store.note(found.name))]
    parts += ["## Compared\n"] * bool(results.comparisons)
    parts += [_compared(found, records, pictures, store.note(found.name)) for found in results.comparisons]
    parts += _previews(results, store, pictures)
    known = {found.model for found in results.verifications}
    missing = [f"- `{recipe.name}`" for recipe in recipes if recipe.name not in known]
    parts += ["## Not measured yet\n", "\n".join(missing) or "Nothing: every model has its result.", ""]
    return "\n".join(parts)


def _row(found: Verification, result: ClaimResult, records: str) -> Sequence[str]:
    claim, protocol = result.claim, result.difference.protocol
    return (
        f"`{found.model}`",
        claim.says + "".join(f"; failed: {text}" for text in result.failures),
        f"`{claim.measure}`, {claim.direction}",
        _numbers(result.values),
        f"{claim.against}: {_numbers(result.others)}",
        str(result.difference),
        f"{max(found.seconds, default=math.nan):.0f} s",
        f"`{protocol.command}` ([file]({records}/{found.name}.json))",
    )


def _compared(comparison: Comparison, records: str, pictures: str, note: str) -> str:
    first = comparison.entries[0]
    rows = [
        (
            f"`{e.model}`",
            str(e.last),
            f"{e.best} of {len(e.epochs)}",
            str(e.difference or ""),
            f"{len(e.failures)} of {len(e.curves)}",
        )
        for e in comparison.ranked
    ]
    return "\n".join(
        [
            f"### {comparison.title}\n",
            f"![{comparison.measure} over epochs]({pictures}/{comparison.name}.png)\n",
            f"`{comparison.measure}`, {comparison.better} is better; the first model is `{first.model}`; the data is "
            f"{first.last.protocol.data}. File: [{comparison.name}.json]({records}/{comparison.name}.json). Command:\n",
            f"```\n{first.last.protocol.command}\n```\n",
            _table(_COMPARED, rows),
            *([note] if note else []),
        ]
    )


def _previews(results: Results, store: Store, pictures: str) -> list[str]:
    """The last preview of each verified model's first training."""
    lines = [
        f"`{found.model}` on {found.data}:\n\n![{found.model} on {found.data}]({pictures}/{path.name})\n"
        for found in results.verifications
        for path in store.previews(found.name)
    ]
    if not lines:
        return []
    return [
        "## Previews\n",
        "After the last epoch with seed 0. A model that reconstructs shows each original before its reconstruction.\n",
        *lines,
    ]


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.3g}" for v in values)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"

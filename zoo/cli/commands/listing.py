"""The command list."""

import importlib.util
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from zoo.cli.command import command
from zoo.cli.flags import Flag
from zoo.cli.options import RECIPES
from zoo.cli.table import columns, hanging
from zoo.core import index, plugins
from zoo.core.errors import UserError, unknown
from zoo.core.index import Entry
from zoo.core.parameters import show


@command(
    "list",
    "[MODEL]",
    example="zoo list vae",
    flags=[Flag("data", bool, False, "list the data sets instead"), RECIPES],
    tensorflow=False,
)
def _list(values: Any, positional: list[str]) -> None:
    if values.data and positional:
        raise UserError(f"--data lists the data sets, not {positional[0]}. Leave out one of the two.")
    if values.data:
        _list_data()
        return
    known = {entry.name: entry for entry in _entries(values.recipes)}
    if not positional:
        _list_models(list(known.values()))
        return
    name = positional[0].replace("-", "_")
    if name not in known:
        raise unknown("model", positional[0], known)
    _show(known[name])


def _entries(files: Sequence[str] | None) -> Sequence[Entry]:
    """Every recipe, from the index alone where none comes from outside the zoo."""
    if not files and not plugins.recipe_points():
        return index.entries()
    _import_tensorflow()
    from zoo.core import registry

    registry.import_files(files)
    return [made.entry for made in registry.recipes().values()]


def _import_tensorflow() -> None:
    from serving.protocol import tf_import

    tf_import.import_tensorflow()


def _list_models(entries: Sequence[Entry]) -> None:
    """Name, summary and paper of each model, by family."""
    families: Mapping[str, list[Entry]] = {entry.family: [] for entry in entries}
    for entry in entries:
        families[entry.family].append(entry)
    for i, (family, members) in enumerate(families.items()):
        print(("\n" if i else "") + f"{family}:")
        name, paper = (max(len(getattr(e, key)) for e in members) for key in ("name", "reference"))
        width = max(columns() - name - paper - 4, 16)
        for e in members:
            first, *more = textwrap.wrap(e.summary, width)
            print(
                f"{e.name:<{name}}  {first:<{width}}  {e.reference}",
                *(" " * (name + 2) + line for line in more),
                sep="\n",
            )


def _list_data() -> None:
    _import_tensorflow()
    from zoo import data

    indent = 2 + max(map(len, data.DESCRIPTIONS))
    for name, text in data.DESCRIPTIONS.items():
        print(hanging(name, indent, text))


def _show(entry: Entry) -> None:
    """All about one model. What the sources say comes at once; the rest needs the model itself."""
    print(hanging(f"{entry.name}: ", 2, f"{entry.summary} ({entry.reference})"))
    print(f"\nparameters, as key=value of `zoo train {entry.name}`:")
    assignments = [f"  {p.name}={show(p.default)}" for p in entry.parameters]
    indent = min(2 + max(map(len, assignments), default=0), 40)
    for left, parameter in zip(assignments, entry.parameters, strict=True):
        print(hanging(left, indent, parameter.help))
    print(f"\nclaims, tested by `zoo verify {entry.name}`:", flush=True)
    from zoo.evaluation.results import OURS, Results

    for says, *rows in Results.read(OURS).of_claims(entry.name, entry.claims):
        _claim(says, *rows)
    if importlib.util.find_spec("tensorflow"):
        _import_tensorflow()
        print(f"\nsignatures, for {entry.data}:", flush=True)
        for signature in _signatures(entry.name):
            print(f"  {signature}")


def _signatures(name: str) -> list[str]:
    """The signatures of the model for its default data, as name(inputs)."""
    from zoo.core import registry
    from zoo.core.config import RunConfig
    from zoo.data import load
    from zoo.training import run

    recipe = registry.get(name)
    model = run.build(RunConfig(name, recipe.data, training=recipe.config()), load(recipe.data).spec)
    return [f"{name}({', '.join(signature.wire_inputs)})" for name, signature in model.signatures().items()]


def _claim(says: str, *rows: str) -> None:
    print(hanging("  ", 2, says), *(hanging("    ", 4, row) for row in rows), sep="\n")

"""The recipes as their source files describe them, read without running them: no TensorFlow, a tenth of a second.

`zoo list` reads this index. A test holds it equal to what the registry says once the files are imported.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.claims import Claim
from zoo.core.parameters import argument_help, summary

FAMILIES = ("autoencoder", "vae", "gan")
"""The zoo's own families. The recipes of each stand in the modules of the package `zoo.FAMILYs`."""

DATA = "mnist-5k"
"""The data of a recipe that names none."""


@dataclass(frozen=True)
class Parameter:
    """A recipe's parameter.

    Attributes:
      annotation: its type as it is written in the source.
      help: its line in the `Args:` section of the recipe's docstring; "" where there is none.
    """

    name: str
    annotation: str
    default: Any
    help: str


@dataclass(frozen=True)
class Entry:
    """What can be said of a recipe without building its model. See `zoo.core.registry.Recipe` for the attributes."""

    name: str
    family: str
    reference: str
    summary: str
    parameters: tuple[Parameter, ...]
    claims: tuple[Claim, ...]
    data: str


def order(made: Any) -> tuple[int, str, str]:
    """A sort key for entries and recipes: the zoo's families first and in their order, then by name."""
    own = made.family in FAMILIES
    return FAMILIES.index(made.family) if own else len(FAMILIES), "" if own else made.family, made.name


def entries() -> Sequence[Entry]:
    """Every recipe in the zoo's own folders, sorted by `order`."""
    zoo = Path(__file__).parents[1]
    files = (file for family in FAMILIES for file in (zoo / f"{family}s").glob("*.py"))
    return sorted((entry for file in files for entry in read(file)), key=order)


def read(file: Path) -> Iterator[Entry]:
    """The recipes of one source file, in its order. Errors: OSError; SyntaxError if the file is not Python."""
    source = file.read_text(encoding="utf-8")
    if "recipe(" not in source:
        return
    for node in ast.parse(source, str(file)).body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _name(decorator.func) == "recipe":
                    yield _entry(node, {k.arg: k.value for k in decorator.keywords if k.arg})


def _entry(function: ast.FunctionDef, options: dict[str, ast.expr]) -> Entry:
    text = ast.get_docstring(function)
    lines = argument_help(text)
    arguments = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return Entry(
        name=function.name,
        family=_value(options["family"]),
        reference=_value(options["reference"]),
        summary=summary(text),
        parameters=tuple(
            Parameter(a.arg, ast.unparse(a.annotation) if a.annotation else "", _value(default), lines.get(a.arg, ""))
            for a, default in arguments
        ),
        claims=_claims(options.get("claims")),
        data=_value(options["data"]) if "data" in options else DATA,
    )


def _claims(node: ast.expr | None) -> tuple[Claim, ...]:
    """Those that are written out in the decorator, as `Claim(...)` with constant arguments."""
    calls = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    return tuple(
        Claim(*map(_value, call.args), **{k.arg: _value(k.value) for k in call.keywords if k.arg})
        for call in calls
        if isinstance(call, ast.Call) and _name(call.func) == "Claim"
    )


def _name(node: ast.expr) -> str:
    """`recipe` of `recipe` and of `registry.recipe`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _value(node: ast.expr | None) -> Any:
    """A constant's value; of any other expression its source."""
    if node is None:
        return None
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)

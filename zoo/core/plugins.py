"""Recipes and data from outside the zoo: files of the user's, and entry points of installed packages.

A package offers them in its pyproject.toml:

    [project.entry-points."menagerie.recipes"]
    diffusion = "my_package.recipes"           # a module whose functions register with @recipe when it is imported

    [project.entry-points."menagerie.data"]
    birds = "my_package.birds:load"            # a function that returns what zoo.data.load returns
"""

import functools
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from zoo.core.errors import Failure, UserError

RECIPES = "menagerie.recipes"
DATA = "menagerie.data"


def recipe_points() -> Mapping[str, metadata.EntryPoint]:
    """The entry points of installed packages that bring recipes, by name. Errors: UserError for a name given twice."""
    return _points(RECIPES)


@functools.cache
def import_recipes() -> None:
    """Imports what `recipe_points` names, once. Errors: Failure, which names the package that cannot be imported."""
    for point in recipe_points().values():
        _load(point)


def import_files(files: Iterable[str | Path]) -> None:
    """Runs Python files, each once, whose functions register with `@recipe`. Errors: UserError, which names the file.

    A file is a module of its own, named after the file; modules beside it can be imported.
    """
    for file in files:
        path = Path(file).expanduser().resolve()
        if not path.is_file() or path.suffix != ".py":
            raise UserError(f"--recipes takes Python files, as in --recipes recipes.py; received {file}.")
        _import_file(path)


@functools.cache
def _import_file(path: Path) -> None:
    name = f"_recipes_{path.stem}_{abs(hash(path)):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error


def data(taken: Iterable[str] = ()) -> Mapping[str, Callable[..., Any]]:
    """The data of installed packages: name -> a function that returns what `zoo.data.load` returns.

    A package is imported when its function is called. Errors: UserError for a name that two packages give, or that is
    one of those `taken` by the zoo; the function raises Failure where its package cannot be imported.
    """
    points = _points(DATA)
    for name in taken:
        if name in points:
            raise UserError(f"Two data sets are named {name}: the zoo's, and that of {_place(points[name])}. "
                            "Rename or uninstall the latter.")  # fmt: skip
    return {name: functools.partial(_call, point) for name, point in points.items()}


def _call(point: metadata.EntryPoint, *args: Any, **options: Any) -> Any:
    return _load(point)(*args, **options)


def _points(group: str) -> Mapping[str, metadata.EntryPoint]:
    found: dict[str, metadata.EntryPoint] = {}
    for point in metadata.entry_points(group=group):
        first = found.setdefault(point.name, point)
        if (first.value, _place(first)) != (point.value, _place(point)):
            places = f"{_place(first)} and {_place(point)}"
            raise UserError(f"Two entry points of {group} are named {point.name}: {places}. Uninstall one of them.")
    return found


def _load(point: metadata.EntryPoint) -> Any:
    try:
        return point.load()
    except UserError:
        raise
    except Exception as error:
        raise Failure(
            f"{_place(point)} cannot be imported: {type(error).__name__}: {error}. Repair the package or uninstall it."
        ) from error


def _place(point: metadata.EntryPoint) -> str:
    """The package and the module of an entry point."""
    package = f"the package {point.dist.name}" if point.dist else "a package"
    return f"{package} ({point.value})"

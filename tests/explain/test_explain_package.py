"""The package as a whole: its rooms, its public names, and what importing it costs."""

import ast
import importlib
import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import explain as package

ROOT = Path(package.__file__).parent
MODULES = {
    ".".join(("explain", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
ROOMS = ("errors", "parts", "sources", "attacks", "fit", "quality", "report", "api")
"""A module imports from its own room and from rooms before it."""


def imported(path):
    """The modules of explain/ that a module imports, also inside functions and for type checkers."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "explain":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "explain"}
    return found


IMPORTS = {name: imported(path) for name, path in MODULES.items() if name != "explain"}


@pytest.mark.parametrize("name", IMPORTS)
def test_rooms_import_only_from_rooms_before_them(name):
    room = ROOMS.index(name.split(".")[1])
    for other in IMPORTS[name]:
        assert other != "explain", "the package imports every room"
        assert ROOMS.index(other.split(".")[1]) <= room, f"{name} imports {other}"


def test_no_module_imports_itself_by_way_of_others():
    reached = {name: set(others) for name, others in IMPORTS.items()}
    for _ in MODULES:
        reached = {name: others.union(*(reached[o] for o in others)) for name, others in reached.items()}
    assert [name for name, others in reached.items() if name in others] == []


@pytest.mark.parametrize("name", package.__all__)
def test_a_public_name_says_where_it_is_defined_and_what_it_is(name):
    value = getattr(package, name)
    assert (value.__name__, value.__module__) == (name, f"explain.{package._HOME[name]}")
    assert inspect.getdoc(value)
    assert callable(value), "a module of the same name would hide it"


def test_the_lists_of_public_names_agree():
    assert package.__all__ == sorted(package.__all__)
    assert set(package._HOME) == set(package.__all__) <= set(dir(package))
    (block,) = (n for n in ast.parse(MODULES["explain"].read_text()).body if isinstance(n, ast.If))
    typed = {(alias.name, node.module) for node in block.body for alias in node.names}
    assert typed == {(name, f"explain.{module}") for name, module in package._HOME.items()}
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018


def classes_in(annotation):
    """The classes of explain/ in a type, through unions, containers and callables."""
    if inspect.isclass(annotation) and annotation.__module__.split(".")[0] == "explain":
        yield annotation
    for part in typing.get_args(annotation):
        yield from (c for p in (part if isinstance(part, list) else [part]) for c in classes_in(p))


def test_every_class_in_a_public_signature_is_public():
    """Methods and properties included: what a caller passes or receives has a public name."""
    found = set()
    for name in package.__all__:
        value = getattr(package, name)
        functions = [value]
        if inspect.isclass(value):
            functions = [f.fget if isinstance(f, property) else f for n, f in vars(value).items() if n[0] != "_"]
            functions += [value, value.__init__]
        for function in functions:
            hinted = inspect.unwrap(getattr(function, "__func__", function))
            if inspect.isfunction(hinted) or inspect.isclass(hinted):
                hints = {n: h for n, h in typing.get_type_hints(hinted).items() if n[0] != "_"}
                found |= {c for hint in hints.values() for c in classes_in(hint)}
    assert {c.__name__ for c in found} <= set(package.__all__)
    assert len(found) > 10


def test_public_functions_and_classes_of_the_root_modules_are_exported():
    for module in ("explain.api", "explain.attacks", "explain.errors", "explain.report.aggregate"):
        for name, value in vars(importlib.import_module(module)).items():
            if name[0] != "_" and getattr(value, "__module__", "") == module:
                assert name in package.__all__


def test_an_import_loads_neither_tensorflow_nor_lime():
    code = """
import sys, explain
assert not {"tensorflow", "lime", "matplotlib", "numpy"} & set(sys.modules), "import explain"
explain.Remote, explain.Local, explain.explain, explain.Explanation
assert not {"tensorflow", "matplotlib", "grpc", "serving.client"} & set(sys.modules), "names"
"""
    subprocess.run([sys.executable, "-c", code], check=True)

"""What the packages export: `__all__` is what their __init__.py imports, and each name is there."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUBLIC = ("zoo", "serving", "explain")
"""The packages that other people's programs import from."""


def init(package):
    return ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text())


def packages():
    """All packages with an `__all__`."""
    names = [
        ".".join(path.relative_to(ROOT).parts[:-1])
        for package in PUBLIC
        for path in sorted((ROOT / package).rglob("__init__.py"))
    ]
    return [name for name in names if "__all__" in {n.id for n in ast.walk(init(name)) if isinstance(n, ast.Name)}]


def imported(package):
    """What an __init__.py imports from this project, also where only a type checker reads it: name -> module."""
    return {
        alias.asname or alias.name: node.module
        for node in init(package).body
        for node in (node.body if isinstance(node, ast.If) else [node])
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] in PUBLIC
        for alias in node.names
    }


@pytest.mark.parametrize("package", packages())
def test_every_export_is_there(package):
    module = import_module(package)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None, name


@pytest.mark.parametrize("package", PUBLIC)
def test_everything_that_a_public_package_imports_is_exported(package):
    module = import_module(package)
    found = imported(package)
    assert set(found) == {name for name in module.__all__ if not name.startswith("__")}
    for name, home in found.items():
        assert getattr(module, name) is getattr(import_module(home), name), name


@pytest.mark.parametrize("package", PUBLIC)
def test_a_name_that_is_not_exported_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        import_module(package).nothing_of_this_name  # noqa: B018


@pytest.mark.parametrize("package", PUBLIC)
def test_all_exports_can_be_imported_at_once(package):
    names: dict[str, object] = {}
    exec(f"from {package} import *", names)
    assert set(import_module(package).__all__) <= set(names)

"""The API reference: it is made without a warning, and has every public name."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from docs import reference

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A module's name -> the page as it was written, by the command of `make docs`."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "docs/reference.py", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / "index.html").exists()
    return {name: (folder / reference.page(name)).read_text() for name in reference.modules()}


def anchors(page):
    return set(re.findall(r'\bid="([^"]+)"', page))


def test_every_export_is_on_a_page(pages):
    for package in reference.PACKAGES:
        assert set(import_module(package).__all__) <= anchors(pages[package])


def test_every_public_function_and_class_is_on_the_page_of_its_module(pages):
    for name, page in pages.items():
        path = ROOT / name.replace(".", "/")
        tree = ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text())
        if any(isinstance(node, ast.Name) and node.id == "__all__" for node in ast.walk(tree)):
            continue
        public = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert {n for n in public if not n.startswith("_")} <= anchors(page), name


def test_every_module_has_a_page_except_those_for_other_environments(pages):
    files = (path.relative_to(ROOT) for package in reference.PACKAGES for path in (ROOT / package).rglob("*.py"))
    names = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files}
    assert {n for n in names if not n.endswith("__main__")} == {*pages, *reference.ELSEWHERE}


def test_an_export_that_does_not_resolve_stops_it(monkeypatch):
    module = import_module("zoo.display")
    monkeypatch.setattr(module, "__all__", ["nothing"], raising=False)
    with pytest.raises(AttributeError, match="nothing"):
        reference.read("zoo.display")

"""What CONTRIBUTING.md promises of the layout."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [p for package in ("zoo", "serving", "explain") for p in sorted((ROOT / package).rglob("*.py"))]
ids = [str(p.relative_to(ROOT)) for p in SOURCES]


def imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def uses(path, *packages):
    return {n for n in imported(path) for p in packages if n == p or n.startswith(p + ".")}


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_imports_point_one_way(path):
    package, name = path.relative_to(ROOT).parts[0], str(path.relative_to(ROOT))
    if package == "serving":
        assert not uses(path, "zoo", "explain")
    elif package == "explain":
        assert not uses(path, "zoo")
    elif not name.startswith("zoo/cli/"):
        assert not {n for n in uses(path, "serving", "explain") if not n.startswith("serving.protocol")}
    if name.startswith(("zoo/losses", "zoo/networks")):
        own = ".".join(path.relative_to(ROOT).parts[:2])
        assert not {n for n in uses(path, "zoo") if not n.startswith((own, "zoo.core"))}


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[-2] != "tests"], ids=ids)
def test_only_the_engine_knows_replicas_and_tapes(path):
    name = str(path.relative_to(ROOT))
    text = path.read_text()
    if name not in ("zoo/training/trainer.py", "zoo/training/strategy.py", "zoo/core/replicas.py"):
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        allowed = "zoo/training/run.py"  # it restores for export, on the default strategy
        assert "tf.distribute" not in code or name == allowed
        assert "optimizer.apply" not in code
    assert not re.search(r"keras\.random|layers\.Dropout", text), "draws the same noise on every replica"


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_every_module_and_public_function_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), path
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}: {node.name}"


def test_no_registry_host_is_written_down():
    hosts = ["py" + "pi.org", "files.python" + "hosted", "registry." + "npmjs", "deb." + "debian.org"]
    for path in ROOT.rglob("*"):
        if path.is_file() and not set(path.relative_to(ROOT).parts) & {
            ".git",
            ".venv",
            "demo",
            "runs",
            "models",
        }:
            text = path.read_bytes()
            assert not any(host.encode() in text for host in hosts), path

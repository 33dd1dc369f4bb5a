"""What CONTRIBUTING.md promises of the layout."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [p for package in ("zoo", "serving", "explain") for p in sorted((ROOT / package).rglob("*.py"))]
ids = [str(p.relative_to(ROOT)) for p in SOURCES]


MODULES = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in SOURCES}
names = [str(p.relative_to(ROOT)) for p in SOURCES]

MAY_IMPORT = {
    "serving/__init__.py": "serving.client* serving.protocol*",
    "serving/protocol": "",
    "serving/client": "serving.protocol*",
    "serving/batch": "serving.client* serving.protocol*",
    "serving/models": "serving.protocol*",
    "serving/handlers": "serving.models* serving.protocol*",
    "serving/server": "serving.handlers* serving.models* serving.protocol*",
    "serving/server/in_process.py": "serving.client* serving.handlers* serving.models* serving.protocol*",
    "serving/testing.py": "serving.client* serving.handlers* serving.protocol*",
    "explain": "serving.protocol*",
    "explain/sources/models.py": "explain* serving serving.models.saved_model serving.protocol*",
    "zoo": "serving.protocol*",
    "zoo/cli": "explain* serving* zoo*",
    "zoo/losses": "zoo.core.errors",
    "zoo/networks": "zoo.core.errors",
}
"""A room or a file -> the modules of the three packages that it may import besides its own, as patterns. Of the rows
that hold for a file, the longest counts. An import in a function, or for type checking, is an import."""

WITHOUT_CIRCLES = ("serving",)
"""Packages whose rooms and modules do not import each other in circles."""


def imported(module):
    """The modules of the three packages that a module imports, wherever in its text."""
    found, package = set(), module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            source = ".".join(filter(None, (base, node.module)))
            found |= {n if (n := f"{source}.{alias.name}") in MODULES else source for alias in node.names}
    return {name for name in found if name in MODULES} - {module}


IMPORTS = {module: imported(module) for module in MODULES}


def row(name):
    """The row of MAY_IMPORT that holds for a file."""
    return max((r for r in MAY_IMPORT if name == r or name.startswith(f"{r}/")), key=len)


def room(module):
    """The room of a module: package.room, or the package itself."""
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("module", MODULES, ids=names)
def test_imports_point_one_way(module):
    found = row(str(MODULES[module].relative_to(ROOT)))
    own = found.removesuffix(".py").replace("/", ".")
    allowed = [own, f"{own}.*", *MAY_IMPORT[found].split()]
    assert not {name for name in IMPORTS[module] if not any(fnmatch(name, pattern) for pattern in allowed)}


def circle(graph):
    """Nodes that reach each other, as [a, b, ..., a]; none where there is no circle."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return [*path[path.index(node) :], node]
        if node not in done:
            path.append(node)
            for other in sorted(graph.get(node, ())):
                if found := visit(other):
                    return found
            done.add(path.pop())
        return []

    return next(filter(None, map(visit, sorted(graph))), [])


@pytest.mark.parametrize("package", WITHOUT_CIRCLES)
def test_nothing_imports_itself_by_way_of_others(package):
    modules = {m: others for m, others in IMPORTS.items() if m.split(".")[0] == package}
    assert circle(modules) == []
    rooms = {}
    for module, others in modules.items():
        rooms.setdefault(room(module), set()).update(room(other) for other in others)
    assert circle({name: others - {name} for name, others in rooms.items()}) == []


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[-2] != "tests"], ids=ids)
def test_only_the_engine_knows_replicas_and_tapes(path):
    name = str(path.relative_to(ROOT))
    text = path.read_text()
    if name not in ("zoo/training/trainer.py", "zoo/training/strategy.py"):
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

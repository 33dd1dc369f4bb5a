"""What CONTRIBUTING.md promises of the layout."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [p for package in ("zoo", "serving", "explain") for p in sorted((ROOT / package).rglob("*.py"))]
ids = [str(p.relative_to(ROOT)) for p in SOURCES]


LEVELS = {
    "zoo": (
        ("core",),
        ("networks", "losses", "ops", "data", "display"),
        ("autoencoders", "vaes", "gans"),
        ("training",),
        ("export", "applications"),
        ("evaluation",),
        ("api",),
        ("",),
        ("cli",),
    ),
    "serving": (("protocol",), ("client", "models"), ("handlers", "batch", ""), ("server", "testing")),
}
"""The rooms of a package, from the ground up: each imports from its own level and from those below it.

"" is the package's own __init__.py; what is not here, as __main__.py, is above all."""


MAY_IMPORT = {
    "serving.protocol": "",
    "serving.client": "serving.protocol",
    "serving.batch": "serving.client serving.protocol",
    "serving.models": "serving.protocol",
    "serving.handlers": "serving.models serving.protocol",
    "serving.server": "serving.handlers serving.models serving.protocol",
    "serving.server.in_process": "serving.client serving.server serving.handlers serving.models serving.protocol",
    "serving.testing": "serving.client serving.handlers serving.protocol",
    "explain": "serving.protocol",
    "explain.sources.models": "explain serving.client serving.models serving.protocol",
}
"""A room or a module -> what it may import of the three packages besides itself, type checkers' imports included.

Of the rows that hold for a module the longest counts; what has no row is free. The package `serving` itself counts as
serving.client, which it fetches when it is used."""


def imports(path, *, typing=False):
    """The modules of this project that a file imports, also inside functions; those for type checkers if `typing`."""

    def nodes(tree):
        for node in ast.iter_child_nodes(tree):
            if typing or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
                yield node
                yield from nodes(node)

    found = set()
    for node in nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in MODULES else node.module for name in inner}
    return found & MODULES.keys()


def module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path): path for path in SOURCES}


def room(name):
    """zoo.gans.games.video -> zoo.gans."""
    return ".".join(name.split(".")[:2])


def level(name):
    """How high a module's room lies in its package."""
    package, _, rest = name.partition(".")
    levels = LEVELS[package]
    return next((i for i, rooms in enumerate(levels) if rest.partition(".")[0] in rooms), len(levels))


@pytest.mark.parametrize("name", MODULES)
def test_a_package_imports_only_what_it_may_of_the_others(name):
    others = {n for n in imports(MODULES[name]) if n.partition(".")[0] != name.partition(".")[0]}
    if name.startswith("serving"):
        assert not others
    elif name.startswith("explain"):
        assert not {n for n in others if n.startswith("zoo")}
    elif room(name) not in ("zoo", "zoo.api", "zoo.cli"):
        assert {room(n) for n in others} <= {"serving.protocol"}, others


def within(name, rooms):
    return any(name == r or name.startswith(f"{r}.") for r in rooms)


@pytest.mark.parametrize("name", [n for n in MODULES if within(n, MAY_IMPORT)])
def test_a_room_imports_only_what_its_row_says(name):
    row = max((r for r in MAY_IMPORT if within(name, [r])), key=len)
    found = {"serving.client" if n == "serving" else n for n in imports(MODULES[name], typing=True)}
    assert not {n for n in found if not within(n, [row, *MAY_IMPORT[row].split()])}


@pytest.mark.parametrize("name", [n for n in MODULES if n.partition(".")[0] in LEVELS])
def test_imports_point_down(name):
    inside = {n for n in imports(MODULES[name]) if n.partition(".")[0] == name.partition(".")[0]}
    assert not {n for n in inside if level(n) > level(name)}
    if room(name) in ("zoo.networks", "zoo.losses", "zoo.ops"):
        assert {room(n) for n in inside} <= {room(name), "zoo.core"}, "they know shapes and numbers, no data"


def test_every_room_is_on_the_floor_plan():
    """Every folder of a package stands in the tree of CONTRIBUTING.md, and in LEVELS where its package does."""
    tree = (ROOT / "CONTRIBUTING.md").read_text().split("```")[1]
    for package in ("zoo", "serving", "explain"):
        folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        lines = tree.partition(f"{package}/ ")[2].splitlines()[1:]
        plan = re.findall(r"^  (\w+)/", "\n".join(lines[: next(i for i, x in enumerate(lines) if x[:1] != " ")]), re.M)
        assert set(plan) == folders, package
        if package in LEVELS:
            assert folders <= {room for rooms in LEVELS[package] for room in rooms}, package


def test_there_are_no_circles():
    """Neither of modules nor of rooms, also by imports inside functions."""
    graph = {name: imports(path) - {name} for name, path in MODULES.items()}
    rooms = {}
    for name, found in graph.items():
        rooms.setdefault(room(name), set()).update({room(n) for n in found} - {room(name)})
    for edges in (graph, rooms):
        TopologicalSorter(edges).prepare()  # it raises CycleError, with the circle


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_only_the_engine_knows_replicas_and_tapes(path):
    name = str(path.relative_to(ROOT))
    text = path.read_text()
    if name not in ("zoo/training/trainer.py", "zoo/training/strategy.py", "zoo/core/replicas.py"):
        used = {ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
        assert not {name for name in used if name.startswith("tf.distribute") or "optimizer.apply" in name}
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
            "site",
        }:
            text = path.read_bytes()
            assert not any(host.encode() in text for host in hosts), path

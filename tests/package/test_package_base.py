"""What the base installation has, what it leaves out, and what it says of that."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import explain
from serving.protocol import extras

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = PROJECT["optional-dependencies"]

WITHOUT = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(extras.EXTRAS)}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""
"""A program's beginning: nothing that an extra brings can be imported."""

SERVER = "runpy.run_module('serving.server', run_name='__main__')"
ZOO = [sys.executable, "-c", WITHOUT + "from zoo.cli import main\nsys.exit(main())"]


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True)


def names(requirements):
    """The distributions of requirements, as the index spells them."""
    return {re.match(r"[\w.-]+", text)[0].lower().replace("_", "-") for text in requirements}


def imported():
    """The top-level modules of others that the packages import."""
    found = set()
    for package in ("zoo", "serving", "explain"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module)
    return {name.partition(".")[0] for name in found} - sys.stdlib_module_names - {"zoo", "serving", "explain"}


def test_every_imported_package_is_a_dependency_where_it_belongs():
    """Of the extra that extras.EXTRAS names, or of the base. Packages of optional environments are known by name."""
    installed = metadata.packages_distributions()
    for module in imported():
        extra = extras.EXTRAS.get(module)
        declared = names(OPTIONAL[extra] if extra else PROJECT["dependencies"])
        brought = names(installed.get(module, [module]))
        assert declared & brought, f"{module} is imported; pyproject.toml does not declare it for {extra or 'the base'}"


def test_every_extra_that_a_message_names_is_there():
    assert set(extras.EXTRAS.values()) <= set(OPTIONAL)
    assert PROJECT["name"] == extras.DISTRIBUTION


def test_the_base_installation_asks_a_server(ask):
    ask(ZOO)


@pytest.mark.parametrize(
    ("line", "said"), [("list", "wgan_gp "), ("--version", PROJECT["version"]), ("train --help", "zoo train")]
)
def test_the_base_installation_says_what_there_is(line, said):
    done = run(*ZOO, *line.split())
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        [*ZOO, "train", "vae"],
        [*ZOO, "export", "run"],
        [*ZOO, "serve"],
        [*ZOO, "explain", "vae", "--seed", "1"],
        [*ZOO, "report"],
        [sys.executable, "-c", f"{WITHOUT}import runpy; {SERVER}", "--models=."],
    ],
    ids=["train", "export", "serve", "explain", "report", "server"],
)
def test_a_missing_part_is_answered_with_the_line_that_installs_it(command):
    done = run(*command)
    assert done.returncode == 1
    assert "which is not installed. Install it: pip install 'menagerie-zoo[zoo]'\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_of_explain_say_it_as_an_import_error():
    code = "import explain\ntry:\n    explain.explain\nexcept ModuleNotFoundError as error:\n    print(error)"
    shown = run(sys.executable, "-c", WITHOUT + code).stdout
    assert shown.startswith("explain.explain: this needs ")
    assert shown.endswith("Install it: pip install 'menagerie-zoo[zoo]'\n")


def test_a_module_that_no_extra_brings_is_an_error_as_always(monkeypatch):
    error = ModuleNotFoundError("No module named 'sickle'", name="sickle")
    assert extras.missing(error) is None
    monkeypatch.setitem(explain._HOME, "broken", "sickle")
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'explain\.sickle'"):
        explain.broken  # noqa: B018

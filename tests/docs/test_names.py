"""No page, message or file tells anybody to install another distribution than this project's, or one it depends on."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from serving.protocol import extras

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = PROJECT["optional-dependencies"]
WORDS = re.compile(r"""pip install((?: +(?:"[^"\n]+"|'[^'\n]+'|[-\w.\[\],=<>*{}]+))+)""")
NAME = re.compile(r"([A-Za-z][\w.-]*)(?:\[([\w,-]+)\])?(?:[=<>].*)?")
PEERS = {"xplique", "deprecated", "wrapt"}
"""What benchmarks/explain.py measures beside this project, if somebody installs it."""
SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".html", ".config", ".cff", ".ipynb", ""}


def spelled(name):
    return name.lower().replace("_", "-")


KNOWN = {
    spelled(NAME.match(text)[1])
    for requirements in (PROJECT["dependencies"], *OPTIONAL.values())
    for text in requirements
}


def installed(text):
    """The words after each `pip install` of a text: names, without flags and what is filled in."""
    for words in WORDS.findall(text):
        for word in (text.strip(".,") for text in re.split(r"[\s'\"()]+", words)):
            if word and word[0] not in "-{[":
                yield word


def files():
    """All files that users or developers read; tests make messages up."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    paths = (ROOT / name for name in listed.stdout.split())
    return [p for p in paths if p.suffix in SUFFIXES and p.is_file() and ROOT / "tests" not in p.parents]


def test_only_this_project_and_its_dependencies_are_installed():
    seen = set()
    for path in files():
        for word in installed(path.read_text()):
            name, brought = NAME.match(word).groups()
            assert spelled(name) in KNOWN | PEERS | {extras.DISTRIBUTION}, f"{path}: pip install {word}"
            assert brought is None or set(brought.split(",")) <= set(OPTIONAL), f"{path}: no extra {brought}"
            seen.add(spelled(name))
    assert extras.DISTRIBUTION in seen


@pytest.mark.parametrize(
    "text", ["pip install menagerie", "pip install 'menagerie[tfds]'.", "pip install -q menagerie-2"]
)
def test_another_name_would_be_found(text):
    (word,) = installed(text)
    assert NAME.match(word)[1] not in KNOWN | {extras.DISTRIBUTION}


def test_the_name_of_another_project_stands_nowhere():
    """`menagerie` alone is neither a requirement nor a name that metadata is asked for."""
    other = re.compile(r"""\bmenagerie(\[|[=<>]=)|version\(.menagerie["']""")
    assert not [path for path in files() if other.search(path.read_text())]

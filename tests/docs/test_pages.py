"""Links, versions and lists of the pages agree with what is there."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import zoo

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def headings(page):
    """The anchors of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(((?!https?:)[^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"] == zoo.__version__
    assert citation["license"] == PROJECT["license"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert {"cff-version", "message", "title"} <= citation.keys()


def test_the_changelog_has_this_version_and_what_is_next():
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == "Unreleased"
    assert PROJECT["version"] in versions


def test_every_decision_is_listed_in_order():
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", (folder / "README.md").read_text(), re.M)
    assert [file for _, _, file in listed] == sorted(path.name for path in folder.glob("[0-9]*.md"))
    for number, title, file in listed:
        assert int(file[:2]) == int(number)
        assert (folder / file).read_text().startswith(f"# {title}\n")


def test_the_glossary_is_in_order_and_has_each_word_once():
    words = [
        word.lower() for word in re.findall(r"^\*\*(.+?)\.\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.M)
    ]
    assert len(words) > 40
    assert words == sorted(set(words))


def test_every_extra_for_users_is_in_the_readme():
    named = set(re.findall(r"^\| `menagerie-zoo\[(\w+)\]` \|", (ROOT / "README.md").read_text(), re.M))
    assert named == PROJECT["optional-dependencies"].keys() - {"dev", "bench"}


@pytest.mark.parametrize(
    "name", [".pre-commit-config.yaml", *(f".github/ISSUE_TEMPLATE/{n}.yml" for n in ("bug", "idea"))]
)
def test_configurations_of_others_tools_can_be_read(name):
    assert {"repos", "body"} & yaml.safe_load((ROOT / name).read_text()).keys()

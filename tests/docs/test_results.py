"""docs/results.md says what the stored results say, of every model and of the claims that it has today."""

import re
import shlex
from pathlib import Path

import pytest

from zoo.core import registry
from zoo.evaluation import measures
from zoo.evaluation.experiment import Candidate
from zoo.evaluation.report import page
from zoo.evaluation.results import OURS, Results, Store

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "results.md"
REPAIR = "run `make results`"


@pytest.fixture(scope="module")
def results():
    return Results.read(OURS)


@pytest.fixture(scope="module")
def text():
    return PAGE.read_text()


def test_the_page_and_the_results_agree(results, text):
    assert text == page(results, registry.recipes().values(), Store(OURS, DOCS / "results"), PAGE), REPAIR


def test_every_model_has_a_result_or_is_listed_as_not_measured(results, text):
    measured = {found.model for found in results.verifications}
    listed = set(re.findall(r"^- `(\w+)`$", text.partition("## Not measured yet")[2], re.M))
    assert measured | listed == set(registry.recipes()), REPAIR
    assert not measured & listed


def test_results_are_of_the_claims_that_stand_in_the_recipes(results):
    for found in results.verifications:
        claims = [result.claim for result in found.claims]
        assert claims == list(registry.get(found.model).claims), f"its claims changed: run `zoo verify {found.model}`"


def test_every_picture_and_file_that_the_page_names_is_there(text):
    for name in re.findall(r"\]\(((?!http)[^)]+)\)", text):
        assert (PAGE.parent / name).stat().st_size > 100, name


def test_commands_on_the_page_name_models_and_measures_that_are_there(results):
    for found in results.comparisons:
        measures.get(found.measure)
        for entry in found.entries:
            assert str(Candidate.of(entry.model)) == entry.model
            assert entry.model in shlex.split(entry.last.protocol.command)
    for found in results.verifications:
        for result in found.claims:
            assert result.difference.protocol.command.startswith(f"zoo verify {found.model} ")

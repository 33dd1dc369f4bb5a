"""The page of results, from results whose verdicts are known."""

import dataclasses
import math
from pathlib import Path

import pytest
from PIL import Image

from zoo import cli
from zoo.core.claims import Claim
from zoo.core.errors import UserError
from zoo.core.files import write_json
from zoo.evaluation.protocol import Score
from zoo.evaluation.report import page, write
from zoo.evaluation.results import OURS, ClaimResult, Comparison, Entry, Results, Store, Verification

LESS = Claim("less | of it", "test_error", "pca")
MORE = Claim("more of it", "kl", "toy level=2", "above")


@pytest.fixture
def results(protocol):
    """One claim shown and one not, whose run failed; and a comparison of two models."""
    shown = ClaimResult(LESS, (1.25, 1.35), (2.0, 2.0), Score(-0.7, -0.9, -0.5, protocol), ())
    lost = ClaimResult(
        MORE, (4.0, math.nan), (1.0, math.nan), Score(math.nan, math.nan, math.nan, protocol), ("seed 1: x",)
    )
    other = dataclasses.replace(protocol, command="zoo compare toy other", model="other")
    entries = [
        Entry("toy", (1, 2), ((3.0, 2.5), (3.1, 2.6)), Score(2.55, 2, 3, other), Score(2.55, 2, 3, other), None, ()),
        Entry("other", (2,), ((2.0,), (math.nan,)), *[Score(2.0, math.nan, math.nan, other)] * 3, ("seed 1: y",)),
    ]
    verified = Verification("toy", "digits", (3.0, 65.4), (shown, lost))
    return Results((verified,), (Comparison("toys on digits", "frechet", "lower", tuple(entries)),))


def store(results, folder):
    for found in (*results.verifications, *results.comparisons):
        write_json(folder / f"{found.name}.json", found.to_json())
    Image.new("L", (8, 8)).save(folder / "verify-toy-digits.png")


def test_the_page_says_what_was_shown_what_not_and_what_is_missing(results, claiming, tmp_path):
    recipe = claiming(LESS, MORE)
    store(results, tmp_path / "results")
    (tmp_path / "results" / "compare-toys-on-digits.md").write_text("Others found the same.\n")
    (tmp_path / "results" / "verify-toy-digits.md").write_text("It is too small.\n")
    kept = Store(tmp_path / "results", tmp_path / "results")
    text = page(results, [recipe, dataclasses.replace(recipe, name="later")], kept, tmp_path / "r.md")
    shown, rest = text.split("## Shown")[1].split("## Not shown")
    lost, rest = rest.split("## Compared")
    compared, rest = rest.split("## Previews")
    previews, missing = rest.split("## Not measured yet")
    assert "1 of 2 claims" in shown
    assert r"less \| of it" in shown
    assert "1.25, 1.35" in shown
    assert "-0.7 [-0.9, -0.5] | 65 s |" in shown
    assert "more of it; failed: seed 1: x" in lost
    assert lost.rstrip().endswith("It is too small.")
    assert compared.index("| `other` | 2 ") < compared.index("| `toy` | 2.55 "), "the best first"
    assert "1 of 2" in compared
    assert compared.rstrip().endswith("Others found the same.")
    assert "(results/verify-toy-digits.png)" in previews
    assert ".md)" not in previews, "a note is no picture"
    assert missing.split() == ["-", "`later`"]


def test_every_figure_stands_beside_its_command_and_file(results, claiming, tmp_path):
    kept = Store(tmp_path / "results", tmp_path / "docs" / "drawn")
    text = page(results, [claiming()], kept, tmp_path / "docs" / "r.md")
    rows = [line for line in text.splitlines() if line.startswith("| `toy` |") and "claim" not in line]
    for line in rows[:2]:
        assert line.endswith("`zoo verify toy` ([file](../results/verify-toy-digits.json)) |")
    assert "(drawn/compare-toys-on-digits.png)" in text
    assert "(../results/compare-toys-on-digits.json)" in text
    assert "```\nzoo compare toy other\n```" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    columns = {line.replace(r"\|", "").count("|") for line in tables}
    assert columns == {9, 6}, "no cell is lost"


def test_the_command_makes_the_page_and_its_pictures_from_the_files_alone(results, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    store(results, tmp_path / "results")
    assert cli.main(["report", "--pictures=drawn", "--out=docs/found.md"]) == 0
    assert "1 verifications and 1 comparisons: docs/found.md" in capsys.readouterr().out
    text = (tmp_path / "docs" / "found.md").read_text()
    assert "`vae`" in text.split("## Not measured yet")[1]
    with Image.open(tmp_path / "drawn" / "compare-toys-on-digits.png") as picture:
        assert picture.width > 300
    again = Results.read(tmp_path / "results")
    assert str(again.verifications) == str(results.verifications)
    assert str(again.comparisons[0]) == str(results.comparisons[0])
    write(again, [], Store(tmp_path / "results", tmp_path / "drawn"), tmp_path / "docs" / "found.md")
    after = (tmp_path / "docs" / "found.md").read_text()
    assert after.partition("## Not measured yet")[0] == text.partition("## Not measured yet")[0]
    assert "every model has its result" in after


def test_a_result_without_its_protocol_stops_the_report(results, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    store(results, tmp_path / "results")
    record = results.verifications[0].to_json()
    record["claims"][0]["difference"]["protocol"] = None
    write_json(tmp_path / "results" / "verify-toy-digits.json", record)
    assert cli.main(["report"]) == 2
    assert "has a score without its protocol" in capsys.readouterr().err
    assert not (tmp_path / "results.md").exists()


def test_a_page_is_not_overwritten_with_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("results.md").write_text("what was found\n")
    assert cli.main(["report"]) == 2
    assert "results holds no results, so results.md is left as it is" in capsys.readouterr().err
    assert Path("results.md").read_text() == "what was found\n"


def test_the_projects_own_results_are_part_of_the_package():
    assert len(Results.read(OURS).verifications) > 30


def test_a_models_claims_have_their_results(results):
    rows = results.of_claims("toy", (LESS, MORE, Claim("new", "kl", "1")))
    assert rows[0] == ("less | of it", "test_error below pca", "shown on digits: difference -0.7 [-0.9, -0.5]")
    assert rows[1][2].startswith("not shown on digits")
    assert rows[2][2] == "not measured yet"
    assert {found for _, _, found in results.of_claims("other", (LESS,))} == {"not measured yet"}


def test_list_shows_a_models_claims_and_signatures(capsys):
    assert cli.main(["list", "vae"]) == 0
    shown = capsys.readouterr().out
    assert "decoded_frechet below undercomplete code=16" in shown
    assert "shown on mnist-5k: difference" in shown
    assert "sample(seed)" in shown
    assert cli.main(["list", "undercomplete"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("encode(images)", "decode(codes)", "reconstruct(images)"))


@pytest.mark.parametrize("change", ["claims", "model", None])
def test_a_file_that_is_no_result_is_named(results, change, tmp_path):
    store(results, tmp_path)
    record = results.verifications[0].to_json()
    write_json(tmp_path / "verify-toy-digits.json", {k: v for k, v in record.items() if k != change} if change else [1])
    with pytest.raises(UserError, match=r"verify-toy-digits.json is not a result of this version"):
        Results.read(tmp_path)

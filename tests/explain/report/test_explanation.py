"""What an explanation says, and its files."""

import dataclasses
import json

import numpy as np
import pytest

from explain import Explanation, RequestError


@pytest.mark.parametrize("name", ["found", "constant"])
def test_json_round_trip_is_equal(name, request, tmp_path):
    explanation = request.getfixturevalue(name)
    explanation.save(tmp_path / "deep" / "e.json")
    again = Explanation.from_json((tmp_path / "deep" / "e.json").read_text())
    assert again == explanation
    for field in dataclasses.fields(Explanation):
        mine, its = getattr(explanation, field.name), getattr(again, field.name)
        assert type(mine) is type(its)
        np.testing.assert_array_equal(mine, its)
        assert getattr(mine, "dtype", None) == getattr(its, "dtype", None)


def test_json_is_strict_and_plain(constant):
    def refuse(token):
        raise AssertionError(f"{token} is not JSON")

    values = json.loads(constant.to_json(), parse_constant=refuse)
    assert values["r2"] is None
    assert values["labels"][0][:8] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert values["evaluations"] == 5 * 16 + 1 + 2, "five replicates for four live parts, x, and the two probes"


@pytest.mark.parametrize("form", ["json", "npz"])
def test_every_kind_comes_back_from_disk(kind, form, tmp_path):
    kind.save(tmp_path / f"e.{form}")
    again = Explanation.load(tmp_path / f"e.{form}")
    assert again == kind
    assert (again.x.dtype, again.labels.dtype) == (kind.x.dtype, np.int64)
    assert again.seconds == kind.seconds
    assert again.quality == kind.quality
    assert again.verdict == kind.verdict


def test_nothing_half_written_is_left(found, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no space"):
        found.save(tmp_path / "e.json")
    assert not (tmp_path / "e.json").exists()


@pytest.mark.parametrize("field", ["coefficients", "x", "f_x", "seed", "version", "dead"])
def test_explanations_that_differ_in_a_field_are_unequal(found, field):
    value = getattr(found, field)
    changed = {"version": 4, "dead": (1,)}.get(field, None if value is None else 1)
    changed = value + 1 if field in ("coefficients", "x", "f_x", "seed") else changed
    assert dataclasses.replace(found, **{field: changed}) != found


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"r2": 1}', "null"])
def test_other_json_is_refused(text):
    with pytest.raises(RequestError, match="no explanation"):
        Explanation.from_json(text)


@pytest.mark.parametrize("name", ["e.jpg", "e", "png"])
def test_other_suffixes_are_refused(found, tmp_path, name):
    with pytest.raises(RequestError, match=r"\.png, \.json, \.npz, \.html"):
        found.save(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_ranking_is_by_strength(found):
    strengths = np.abs(found.coefficients[found.ranking])
    assert np.all(np.diff(strengths) <= 0)
    assert sorted(found.ranking) == list(range(16))


def test_heat_paints_each_part_with_its_coefficient(found, constant):
    np.testing.assert_array_equal(found.heat, found.coefficients[found.labels])
    assert np.isnan(constant.heat[0, 0])
    assert np.isfinite(constant.heat[5, 5])


def test_the_headline_carries_the_numbers(found, constant):
    line = found.headline
    for value in (f"{found.f_x:.4g}", f"{found.f_baseline:.4g}", f"{found.r2:.2f}"):
        assert value in line
    assert "constant" in constant.headline


def test_the_summary_gives_fit_cost_and_verdict(found):
    assert found.headline in found.summary
    assert f"{found.evaluations} evaluations in {found.calls} calls" in found.summary
    assert found.verdict in found.summary

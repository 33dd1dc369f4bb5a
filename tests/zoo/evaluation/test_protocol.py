"""A score without its protocol cannot be made, kept or read; the interval over seeds is Student's."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from zoo.core.errors import UserError
from zoo.core.files import read_json, write_json
from zoo.evaluation import evaluators
from zoo.evaluation.experiment import over_seeds
from zoo.evaluation.protocol import Protocol, Score

FIELDS = [field.name for field in dataclasses.fields(Protocol)]
FILE = Path("results/verify-toy.json")


@pytest.mark.parametrize("none", [None, {}, "digits, 1000 samples"])
def test_a_score_is_not_made_without_a_protocol(none):
    with pytest.raises(TypeError, match="Protocol"):
        Score(1.0, 0.5, 1.5, none)


def test_no_part_of_a_protocol_may_be_left_out(protocol):
    whole = dataclasses.asdict(protocol)
    for name in FIELDS:
        with pytest.raises(TypeError, match=name):
            Protocol(**{key: value for key, value in whole.items() if key != name})


def test_a_stored_score_without_its_protocol_is_refused_in_words(protocol):
    record = Score(1.0, 0.5, 1.5, protocol).to_json()
    with pytest.raises(UserError, match=r"verify-toy.json has a score without its protocol.*make it again"):
        Score.of({**record, "protocol": None}, FILE)
    del record["protocol"]["evaluator"]
    with pytest.raises(UserError, match="evaluator missing"):
        Score.of(record, FILE)


@pytest.mark.parametrize("low", [0.5, math.nan])
def test_what_is_written_is_read_back(low, protocol, tmp_path):
    made, path = Score(1.0, low, 1.5, protocol), tmp_path / "new" / "s.json"
    write_json(path, made.to_json())
    again = Score.of(read_json(path), path)
    assert again.protocol == made.protocol
    assert str(again) == str(made)
    assert "NaN" not in path.read_text(), "JSON has none"


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "s.json").write_text("{")
    with pytest.raises(UserError, match=r"s\.json is not JSON"):
        read_json(tmp_path / "s.json")


@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_interval_over_seeds_is_that_of_a_t_test(count, protocol):
    values = np.random.default_rng(count).normal(3.0, 2.0, count)
    found = over_seeds(values.tolist(), protocol)
    known = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))
    assert found.value == pytest.approx(values.mean())


def test_the_interval_over_three_seeds_holds_the_truth_in_95_of_100_cases(protocol):
    """Which the range of three values, what a bootstrap of them gives, does in 75."""
    draws = np.random.default_rng(0).normal(5.0, 1.0, (4000, 3))
    found = [over_seeds(d.tolist(), protocol) for d in draws]
    held = np.mean([s.low <= 5.0 <= s.high for s in found])
    assert held == pytest.approx(0.95, abs=0.012)
    assert np.mean((draws.min(axis=1) <= 5.0) & (draws.max(axis=1) >= 5.0)) == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan, 2.0]])
def test_too_few_values_have_no_interval(values, protocol):
    found = over_seeds(values, protocol)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    json.dumps(found.to_json(), allow_nan=False)


def test_the_evaluator_of_the_data_is_named_with_its_hash():
    name, digest = evaluators.identity_for("digits").split()
    assert name == "digits"
    assert len(digest) == 64
    assert evaluators.identity_for("folder/of/mine") is None

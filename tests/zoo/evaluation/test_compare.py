"""Comparisons on a toy whose measure is known at every look, from real trainings."""

import json

import numpy as np
import pytest
from PIL import Image

from zoo.core.claims import Claim
from zoo.core.errors import Failure, UserError
from zoo.evaluation import compare as module
from zoo.evaluation import measures
from zoo.evaluation.compare import Question, compare
from zoo.evaluation.experiment import Budget, Candidate
from zoo.evaluation.results import Comparison, Store
from zoo.evaluation.verify import verify

CURVE = {1: 3.0, 2: 5.0}
"""The measure by epoch: its best is not its last."""


def curved(trained):
    """CURVE, moved by seed and level; a run of level 7 fails at its end, one of level 8 at once."""
    epoch, level = trained.config.training.epochs, trained.parameters["level"]
    if level == 8 or (level == 7 and epoch == 2):
        raise Failure("samples hold NaN")
    return CURVE[epoch] + 100.0 * trained.seed + level


@pytest.fixture
def ask(claiming, monkeypatch, tmp_path):
    """(*models, measure, better, seeds, epochs) -> their comparison, with a look after each of two epochs."""
    recipe = claiming()
    monkeypatch.setattr(module, "TIMES", 2)
    monkeypatch.setitem(measures._MEASURES, "curved", curved)

    def ask(*models, measure="curved", better="lower", seeds=2, epochs=2):
        budget = Budget.of(recipe, epochs=epochs)
        question = Question(measure, better, "toys", seeds)
        candidates = [Candidate.of(m) for m in models]
        store = Store(tmp_path / "results", tmp_path / "pictures")
        return compare(candidates, question, budget, out=tmp_path / "runs", store=store)

    return ask


def test_best_last_and_paired_difference(ask, tmp_path):
    found = ask("toy level=2", "toy")
    two, one = found.entries
    assert two.epochs == (1, 2)
    assert two.curves == ((5.0, 7.0), (105.0, 107.0))
    assert (two.last.value, two.best.value) == (57.0, 55.0)
    assert two.best.protocol.checkpoint == "best of epochs 1, 2"
    assert two.last.protocol.checkpoint == "last, epoch 2"
    assert two.difference is None
    assert (one.difference.value, one.difference.low, one.difference.high) == (-1.0, -1.0, -1.0), "paired"
    assert [e.model for e in found.ranked] == ["toy", "toy level=2.0"]
    path = tmp_path / "results" / "compare-toys.json"
    assert Comparison.of(json.loads(path.read_text(), parse_constant=pytest.fail), path) == found
    with Image.open(tmp_path / "pictures" / "compare-toys.png") as picture:
        assert np.asarray(picture).std() > 0
    assert two.last.protocol.command.startswith("zoo compare 'toy level=2.0' toy --measure curved")


def test_where_higher_is_better_the_best_is_the_highest(ask):
    found = ask("toy", "toy level=2", better="higher", seeds=1)
    assert [e.best.value for e in found.entries] == [6.0, 7.0]
    assert [e.model for e in found.ranked] == ["toy level=2.0", "toy"]
    assert np.isnan(found.entries[0].last.low), "one seed has no interval"


def test_runs_that_fail_are_counted_and_left_out(ask):
    found = ask("toy", "toy level=7", "toy level=8", "toy broken=true", seeds=1)
    good, late, early, diverged = found.entries
    assert [len(e.failures) for e in found.entries] == [0, 1, 1, 1]
    np.testing.assert_equal(late.curves[0], (10.0, np.nan))
    assert np.isnan([early.curves, diverged.curves]).all()
    assert np.isnan(late.last.value)
    assert "At step 0" in diverged.failures[0]
    assert found.ranked[0] == good
    assert "1 of 1" in str(found)
    assert np.isnan(late.difference.value)


def test_stopped_it_goes_on_from_its_last_look(ask, monkeypatch):
    """Killed at its second look: another start measures that one alone, and finds the same."""
    whole = ask("toy", measure="test_error", seeds=1)
    assert whole.entries[0].curves[0][1] < whole.entries[0].curves[0][0], "it learns"
    looked = []
    honest = measures.get("test_error")

    def counted(trained):
        looked.append(trained.config.training.epochs)
        if len(looked) == 2:
            raise KeyboardInterrupt
        return honest(trained)

    monkeypatch.setitem(measures._MEASURES, "counted", counted)
    with pytest.raises(KeyboardInterrupt):
        ask("toy", measure="counted", seeds=1)
    again = ask("toy", measure="counted", seeds=1)
    assert looked == [1, 2, 2]
    assert again.entries[0].curves == whole.entries[0].curves


def test_looks_on_the_way_do_not_change_the_end(ask, claiming, tmp_path):
    """Slices end where an uninterrupted training ends."""
    looked = ask("toy", measure="test_error", seeds=1).entries[0].curves[0][-1]
    recipe = claiming(Claim("learns", "test_error", "1"))
    store = Store(tmp_path / "s", tmp_path / "s")
    straight = verify(recipe, Budget.of(recipe, epochs=2), count=1, out=tmp_path / "v", store=store)
    assert straight.claims[0].values == (looked,)


def test_a_run_whose_steps_know_its_length_is_looked_at_once(ask):
    found = ask("toy waits=true", "toy", seeds=1, measure="test_error")
    assert [e.epochs for e in found.entries] == [(2,), (1, 2)]


def test_an_unknown_measure_is_named_before_anything_is_trained(ask, tmp_path):
    with pytest.raises(UserError, match=r"no measure 'curvd'\. Did you mean 'curved'"):
        ask("toy", measure="curvd")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("epochs", "at"), [(1, (1,)), (3, (1, 2, 3)), (20, (5, 10, 15, 20)), (25, (7, 13, 19, 25))])
def test_measurements_are_spread_over_the_epochs(epochs, at):
    assert module.evenly(epochs) == at

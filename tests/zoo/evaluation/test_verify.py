"""Verdicts on a toy whose measure is known, from real trainings."""

import json
import shlex

import numpy as np
import pytest

from zoo import cli
from zoo.core.claims import Claim
from zoo.core.errors import UserError
from zoo.core.files import read_json, slug
from zoo.evaluation import evaluators
from zoo.evaluation.experiment import Budget, Candidate, Experiment, command_line
from zoo.evaluation.models import TrainedModel
from zoo.evaluation.results import Store, Verification
from zoo.evaluation.verify import verify
from zoo.training import record


@pytest.fixture
def prove(claiming, tmp_path):
    """(*claims, seeds) -> what came of them; the runs stay."""

    def prove(*claims, seeds=2):
        recipe = claiming(*claims)
        store = Store(tmp_path / "results", tmp_path / "pictures")
        return verify(recipe, Budget.of(recipe), count=seeds, out=tmp_path / "runs", store=store)

    return prove


def test_pairs_show_what_lies_far_below_the_spread_of_seeds(prove, tmp_path):
    """Seeds are 100 apart, models 1: only their pairing shows it. A claim the other way round is not shown."""
    claims = [Claim("less", "shifted", "toy level=2"), Claim("more", "shifted", "toy level=2", "above")]
    less, more = prove(*claims).claims
    assert less.values == (1.0, 101.0)
    assert less.others == (2.0, 102.0)
    assert (less.difference.value, less.difference.low, less.difference.high) == (-1.0, -1.0, -1.0)
    assert (less.shown, more.shown) == (True, False)
    assert less.difference.protocol.seeds == (0, 1)
    assert less.difference.protocol.evaluator == evaluators.identity_for("digits")
    budgets = {json.dumps(_budget(path)) for path in (tmp_path / "runs").iterdir()}
    assert len(list((tmp_path / "runs").iterdir())) == 4, "a rival of two claims is trained once a seed"
    assert len(budgets) == 2, "one for each seed"


def _budget(folder):
    config, _ = record.read(folder)
    return [config.data, config.training.epochs, config.training.batch_size, config.training.seed]


def test_baselines_and_numbers_need_no_training(prove, tmp_path):
    claims = [Claim("a", "shifted", "seed alone", "above"), Claim("b", "shifted", "50"), Claim("c", "shifted", "5e3")]
    above, unclear, below = prove(*claims).claims
    assert above.difference.low == above.difference.high == 1.0
    assert above.shown
    assert unclear.others == (50.0, 50.0)
    assert not unclear.shown, "one seed below, one above"
    assert unclear.difference.low < 0 < unclear.difference.high
    assert below.shown
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_one_seed_shows_nothing(prove):
    (result,) = prove(Claim("less", "shifted", "1e9"), seeds=1).claims
    assert not result.shown
    assert result.values == (1.0,)


def test_a_run_that_fails_leaves_its_claim_not_shown(prove, tmp_path):
    kept, lost = prove(
        Claim("kept", "shifted", "seed alone", "above"), Claim("lost", "shifted", "toy broken=true")
    ).claims
    assert kept.shown
    assert not lost.shown
    assert np.isnan(lost.values).all()
    assert len(lost.failures) == 2
    assert "toy broken=True, seed 0: At step 0 the autoencoder's term" in lost.failures[0]
    (path,) = (tmp_path / "results").glob("*.json")
    again = Verification.of(json.loads(path.read_text(), parse_constant=pytest.fail), path)
    assert str(again.claims[1]) == str(lost)
    assert again.claims[0] == kept


def test_a_second_start_trains_nothing_and_finds_the_same(prove, tmp_path):
    first = prove(Claim("less", "test_error", "pca"))
    assert all(0.0 < seconds < 600.0 for seconds in first.seconds)
    assert first.claims[0].difference.protocol.fake == first.claims[0].difference.protocol.real
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("ckpt-*")}
    assert prove(Claim("less", "test_error", "pca")) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("ckpt-*")} == before
    assert (tmp_path / "pictures" / "verify-toy-digits.png").stat().st_size > 100
    record = json.loads((tmp_path / "results" / "verify-toy-digits.json").read_text())
    del record["claims"][0]["difference"]["protocol"]
    with pytest.raises(UserError, match="without its protocol"):
        Verification.of(record, tmp_path)


def test_the_command_of_a_trial_trains_the_same_model(claiming, tmp_path):
    """What a run's folder says of itself, typed: the same weights, another folder."""
    recipe = claiming()
    experiment = Experiment(Budget.of(recipe), tmp_path, 1)
    ours = experiment.train(Candidate.of("toy level=3"), 5)
    words = shlex.split(read_json(ours.folder / "config.json")["command"])
    assert cli.main([*words[1:], "--out", str(tmp_path / "again")]) == 0
    theirs = TrainedModel.of(tmp_path / "again")
    for mine, other in zip(ours.model.networks, theirs.model.networks, strict=True):
        for a, b in zip(mine.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_candidates_are_written_as_they_are_read():
    candidate = Candidate.of("vae latent=3 hidden=20,10")
    assert candidate.parameters == {"latent": 3, "hidden": (20, 10)}
    assert Candidate.of(str(candidate)) == candidate
    line = command_line("compare", str(candidate), "dcgan", batch_size=3, title="two words", data=None)
    assert shlex.split(line) == ["zoo", "compare", str(candidate), "dcgan", "--batch-size", "3", "--title", "two words"]
    assert slug("gan loss=hinge, a/b") == "gan-loss-hinge-a-b"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("verify toy", "toy has no claims"),
        ("verify vea", "no model 'vea'"),
        ("compare toy toy", "Each model is compared once"),
        ("compare toy toyy", "Did you mean 'toy'"),
        ("compare toy", "MODEL is missing"),
        ("evaluate nowhere", "nowhere is not a run"),
        ("evaluate vae --count 1", "--count must be above 1; received 1"),
    ],
)
def test_a_mistake_gets_code_2_and_what_would_be_right(line, message, claiming, capsys, tmp_path, monkeypatch):
    claiming()
    monkeypatch.chdir(tmp_path)
    assert cli.main(line.split()) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_no_seeds_is_a_mistake(prove):
    with pytest.raises(UserError, match="--seeds must be above 0; received 0"):
        prove(Claim("less", "shifted", "1"), seeds=0)

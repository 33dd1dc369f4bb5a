"""What `zoo evaluate` finds: known answers for known samples, and the same through a run, a card and a server."""

import json
import subprocess
import sys

import numpy as np
import pytest

from serving import Client
from zoo import cli, data
from zoo.core.columns import Column
from zoo.core.errors import UserError
from zoo.core.features import Spec, audio, image, series, table, to_unit, tokens, vector, video, volume
from zoo.data.splits import Arrays
from zoo.evaluation.evaluate import METRICS, chosen, evaluate
from zoo.evaluation.models import EvaluatedModel, TrainedModel
from zoo.evaluation.protocol import Score
from zoo.export import card


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def model_of(digits, draw, *, label=True, count=400):
    """A model whose samples are `draw(seeds, labels)` in [0, 1], and that reconstructs everything as grey."""

    def call(signature, inputs):
        if signature == "reconstruct":
            return {"images": np.full_like(inputs["images"], 0.5)}
        return {"images": draw(inputs["seed"], inputs.get("label")).astype(np.float32)}

    inputs = {"sample": ["seed", "label"] if label else ["seed"], "reconstruct": ["images"]}
    return EvaluatedModel(call, inputs, digits, None, count, 10)


def taken(model, protocol, *names):
    return evaluate(model, names or chosen(model, None), protocol)


def test_training_examples_of_the_class_asked_for_score_as_real_ones(digits, protocol):
    train = digits.train.arrays()
    x, labels = train["image"], train["label"]
    rows = {k: np.flatnonzero(labels == k) for k in range(10)}

    def draw(seeds, asked):
        assert seeds[0] == 10, "the first is --seed"
        return to_unit(np.stack([x[rows[k][s % len(rows[k])]] for s, k in zip(seeds, asked, strict=True)]))

    found = taken(model_of(digits, draw), protocol)
    assert found["agreement"].value > 0.97
    assert found["accuracy_from_fake"].value > 0.9
    assert found["modes"].value == 1.0
    assert found["class_balance"].value > 0.95
    assert found["precision"].value > 0.9
    assert found["closer_to_training"].value == 1.0, "they are copies"
    assert found["copies"].value == 1.0
    assert found["frechet"].low < 2.0
    error = np.mean(np.square(to_unit(digits.test.arrays()["image"]) - 0.5), axis=(1, 2, 3))
    assert found["psnr"].value == pytest.approx(np.mean(-10 * np.log10(error)), rel=1e-4)


def test_noise_scores_as_noise_and_each_score_says_what_it_stands_on(digits, protocol):
    noise = np.random.default_rng(0).random((410, 8, 8, 1))
    found = taken(model_of(digits, lambda seeds, labels: noise[seeds], label=False), protocol)
    assert "agreement" not in found, "no class was asked for"
    assert found["precision"].value < 0.5
    assert found["copies"].value == 0.0
    assert found["frechet"].low > 2.0
    assert {(s.protocol.real, s.protocol.fake) for n, s in found.items() if n not in ("psnr", "ssim")} == {(176, 400)}
    assert found["psnr"].protocol.fake == 176, "reconstructions of the test split"
    judged = {name for name, s in found.items() if s.protocol.evaluator}
    assert {"frechet", "recall", "modes"} <= judged
    assert not judged & {"sliced_wasserstein", "copies", "psnr"}


def test_a_metric_that_does_not_fit_names_those_that_do(digits):
    model = model_of(digits, None, label=False)
    with pytest.raises(UserError, match=r"agreement does not fit this model.*frechet"):
        chosen(model, ["agreement"])
    with pytest.raises(UserError, match="Did you mean 'frechet'"):
        chosen(model, ["frechett"])
    assert chosen(model, ["kernel"]) == ["kernel"]
    with pytest.raises(UserError, match="the model has upscale"):
        chosen(EvaluatedModel(None, {"upscale": ["images"]}, digits, None, 10, 0), None)


NUMBERS = {"sliced_wasserstein", "memorisation"}
KINDS = {
    "table": (table([Column("a"), Column("b")]), {"frechet", "kernel", *NUMBERS}),
    "vector": (vector(4), {"frechet", "kernel", *NUMBERS}),
    "video": (video(5, 8, 8, 1), {"video"}),
    "audio": (audio(16), NUMBERS),
    "series": (series(16, 2, low=0.0, high=1.0), NUMBERS),
    "volume": (volume(4, 4, 4), NUMBERS),
}


class Fake:
    """A data set of this kind, of which nothing but its features is known."""

    name = "fake"

    def __init__(self, feature):
        self.spec = Spec.of(feature)


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_fit_the_kind_of_data(kind):
    feature, some = KINDS[kind]
    fitting = set(chosen(EvaluatedModel(None, {"sample": ["seed"]}, Fake(feature), None, 10, 0), None))
    assert some <= fitting
    assert not fitting & {"classifier_score", "agreement", "reconstruction"}
    assert fitting < set(METRICS)


def test_a_kind_without_metrics_is_told_so():
    text = Fake(tokens(4, ["a", "boat"]))
    with pytest.raises(UserError, match=r"No metric fits.*the data is text of up to 4 words"):
        chosen(EvaluatedModel(None, {"sample": ["seed"]}, text, None, 10, 0), None)


def test_a_table_is_called_by_its_columns_in_their_own_units(protocol):
    """And a model that is conditioned on a second feature is given the data's values of it."""
    age, place = Column("age", low=18.0, high=90.0, whole=True), Column("place", "category", categories=("in", "out"))
    features = {"table": table([age, place]), "income": table([Column("income", low=0.0, high=1e4)])}
    random = np.random.default_rng(0)
    ages, places = random.integers(18, 91, 400), random.integers(0, 2, 400)
    rows = np.stack([(ages - 54) / 36, 2.0 * (places == 0) - 1, 2.0 * (places == 1) - 1], axis=1).astype(np.float32)
    income = (2 * ages[:, None] * 100 / 1e4 - 1).astype(np.float32)

    class People(Fake):
        spec = Spec(features, ("table",), ("income",))
        train, test = (Arrays({"table": rows[part], "income": income[part]}) for part in (slice(200), slice(200, 400)))

        def __init__(self):
            pass

    def call(signature, tensors):
        assert set(tensors) == {"seed", "income"}
        np.testing.assert_allclose(tensors["income"], np.tile(ages[200:], 2)[:300] * 100, rtol=1e-4)
        return {"age": np.round(tensors["income"] / 100).astype(np.int64), "place": random.choice([b"in", b"out"], 300)}

    model = EvaluatedModel(call, {"sample": ["seed", "income"]}, People(), None, 300, 0)
    np.testing.assert_allclose(model.samples[:, 0], np.tile(rows[200:, 0], 2)[:300], atol=1e-6)
    found = taken(model, protocol, "frechet", "precision_recall")
    assert abs(found["frechet"].value) < 0.1
    assert found["precision"].value > 0.9
    assert found["frechet"].protocol.evaluator is None


def test_a_condition_that_the_data_lacks_is_named(digits):
    unlabelled = Fake(image(8, 8, 1))
    unlabelled.test = Arrays({"image": digits.test.arrays()["image"]})
    model = EvaluatedModel(None, {"sample": ["seed", "label"]}, unlabelled, None, 10, 0)
    with pytest.raises(UserError, match="sample takes 'label', which fake does not have"):
        model.samples  # noqa: B018


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A little VAE, evaluated and exported."""
    folder = tmp_path_factory.mktemp("vae")
    run, models = str(folder / "run"), str(folder / "models")
    assert cli.main(["train", "vae", "hidden=32", "--data", "digits", "--epochs", "3", "--out", run]) == 0
    line = ["evaluate", run, "--count", "200", "--metrics", "frechet,sliced_wasserstein,log_likelihood"]
    assert cli.main(line) == 0
    assert cli.main(["export", run, "--models", models]) == 0
    return folder


@pytest.fixture(scope="module")
def server(trained):
    """The address of a server process that has the export."""
    line = [sys.executable, "-m", "zoo", "serve", "--models", str(trained / "models"), "--port", "0"]
    with subprocess.Popen([*line, "--engine", "embedded"], stdout=subprocess.PIPE, text=True) as process:
        try:
            address = next(text for text in process.stdout if text.startswith("Serving")).split()[-1]
            with Client(address) as client:
                client.wait_until_available("vae")
            yield address
        finally:
            process.terminate()


def scores(path):
    return json.loads(path.read_text())["scores"]


def test_the_scores_of_a_run_are_on_the_card_of_its_export(trained):
    ours, theirs = scores(trained / "run" / card.SCORES), scores(trained / "models" / "vae" / "1" / card.CARD)
    assert ours == theirs
    protocol = Score.of(theirs["frechet"], trained).protocol
    assert (protocol.real, protocol.fake, protocol.seeds, protocol.averaged) == (176, 200, (0,), False)
    assert protocol.checkpoint == "last, step 36"
    assert protocol.command.startswith("zoo train vae hidden=32")
    about = json.loads((trained / "models" / "vae" / "1" / card.CARD).read_text())
    assert [c["measure"] for c in about["claims"]] == ["decoded_frechet"]


def test_evaluated_again_or_through_a_server_the_scores_are_the_same(trained, server, tmp_path, capsys):
    """A sample's address makes it so: the same seeds, the same pictures."""
    known = scores(trained / "run" / card.SCORES)
    models, out = str(trained / "models"), tmp_path / "served.json"
    at = ["evaluate", "vae", "--server", server, "--out", str(out)]
    assert cli.main([*at, "--models", models, "--count", "200", "--metrics", "frechet,log_likelihood"]) == 0
    assert cli.main(at) == 2
    assert "give --data, or --models" in capsys.readouterr().err
    for name, record in scores(out).items():
        again = Score.of(record, out)
        assert again.value == pytest.approx(known[name]["value"], rel=1e-4)
        assert again.low == pytest.approx(known[name]["low"], rel=1e-3)
        assert again.protocol.checkpoint == "version 1"
        assert again.protocol.seeds == (0,), "the card knows the training's"
    assert scores(trained / "models" / "vae" / "1" / card.CARD)["frechet"] == scores(out)["frechet"]


def test_scores_do_not_outlive_the_weights_that_they_are_of(trained):
    run, models = trained / "run", trained / "models"
    assert set(card.current_scores(run)) == {"frechet", "sliced_wasserstein", "log_likelihood"}
    longer = ["train", "vae", "hidden=32", "--data", "digits", "--epochs", "4", "--out", str(run)]
    assert cli.main(longer) == 0
    assert card.current_scores(run) == {}
    assert TrainedModel.of(run).config.training.epochs == 4
    with pytest.raises(UserError, match=r"last, step 36.*last, step 48.*export` the run again"):
        card.check_weights(card.find(models, "vae", None), run)
    with pytest.raises(UserError, match="Check --models, --name and --version"):
        card.find(models, "vae", 9)

"""Tables go in and come out by their columns' names, in their own units: in a run, an export and on a server."""

import numpy as np
import pandas as pd
import pytest

import zoo
from serving import Client, TensorSpec
from serving.testing import FakeServer, Function
from zoo import data
from zoo.core.errors import UserError

ROWS = 300


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age (years)": random.integers(18, 90, ROWS),
            "income": random.normal(40_000.0, 9_000.0, ROWS),
            "city": random.choice(["Bonn", "Köln"], ROWS),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, ROWS), "D"),
            "member": random.random(ROWS) < 0.5,
        }
    )


@pytest.fixture(scope="module")
def run(frame):
    return zoo.train(
        "vae",
        frame,
        epochs=9,
        learning_rate=1e-2,
        batch_size=90,
        jit="off",
        hidden=(32,),
        latent=6,
        likelihood="gaussian",
    )


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    return zoo.load(run.export(tmp_path_factory.mktemp("models")))


@pytest.fixture(params=["run", "exported"])
def model(request):
    return request.getfixturevalue(request.param)


def test_columns_go_in_and_come_out_by_name_in_their_own_units(model, frame):
    samples = model.sample(50)
    assert list(samples) == list(frame.columns)
    assert samples["age (years)"].dtype == np.int64
    assert 18 <= samples["age (years)"].mean() <= 90
    assert 10_000 < samples["income"].mean() < 70_000
    assert set(samples["city"]) <= {"Bonn", "Köln"}
    assert min(samples["since"]) >= "2019-06-01"
    assert samples["member"].dtype == bool
    again = model.reconstruct({name: frame[name][:7] for name in frame})
    assert {name: len(column) for name, column in again.items()} == dict.fromkeys(frame.columns, 7)
    decoded = model.decode(model.encode(frame[:7]))
    assert list(decoded["city"]) == list(again["city"])
    np.testing.assert_allclose(decoded["income"], again["income"], rtol=1e-5)


def test_a_frame_that_goes_in_comes_out(model, frame):
    again = model.reconstruct(frame[:9])
    assert type(again) is pd.DataFrame
    assert list(again.columns) == list(frame.columns)
    np.testing.assert_allclose(model.encode(frame[:9]), model.encode(dict(frame[:9])), atol=1e-5)
    np.testing.assert_allclose(model.encode(frame[:9][reversed(frame.columns)]), model.encode(frame[:9]), atol=1e-5)


def test_a_run_and_its_export_sample_alike(run, exported):
    rows = exported.sample(20)
    assert type(run.sample(20)) is pd.DataFrame  # it was trained on one
    assert exported.encode({"age (years)": [30], "income": [3e4], "city": ["Bonn"], "since": ["2021-01-01"],
                            "member": [True]}).shape == (1, 6)  # fmt: skip
    for name, column in run.sample(20).items():
        if column.dtype.kind == "f":
            np.testing.assert_allclose(rows[name], column, rtol=1e-5)
        else:
            np.testing.assert_array_equal(rows[name], column)


def test_what_is_no_table_of_these_columns(model, frame):
    with pytest.raises(UserError, match=r"lacks the columns city\. It has: age \(years\), income, since, member"):
        model.encode(frame.drop(columns="city"))
    with pytest.raises(UserError, match="This model takes tables: a DataFrame or a mapping with the columns age"):
        model.encode(np.zeros((3, 4)))
    with pytest.raises(UserError, match="income holds numbers"):
        model.encode(frame[:3].assign(income=["a", "b", "c"]))
    with pytest.raises(UserError, match="Only pictures and videos can be shown"):
        model.show()
    assert "<img" not in model._repr_html_()


def test_a_table_of_numbers_alone_may_be_an_array(digits):
    x = np.random.default_rng(0).uniform(-5, 7, (200, 3))
    run = zoo.train("undercomplete", x, kind="table", epochs=1, batch_size=64, jit="off", hidden=(8,))
    assert list(run.reconstruct(x)) == ["column_0", "column_1", "column_2"]
    np.testing.assert_allclose(run.encode(x[:4]), run.encode({f"column_{i}": x[:4, i] for i in range(3)}), atol=1e-6)


def test_labels_are_a_column_by_name_or_an_array(frame):
    by_name, by_array = data.of(frame, labels="city"), data.of(frame.drop(columns="city"), labels=frame["city"])
    assert by_name.spec.features["label"].names == ("Bonn", "Köln")
    assert by_name.spec == by_array.spec
    assert by_name.fingerprint == by_array.fingerprint
    with pytest.raises(UserError, match="names a column, and array is no DataFrame"):
        data.of(np.zeros((4, 4, 4)), labels="city")


def test_a_mapping_has_the_names_of_an_npz(digits):
    x, y = digits
    whole = data.of(x, labels=y)
    assert data.of({"x": x, "y": y}).fingerprint == whole.fingerprint
    parts = data.of({"x_train": x[:500], "y_train": y[:500], "x_test": x[500:], "y_test": y[500:]})
    assert (parts.train.count, parts.test.count) == (500, 100)
    assert data.of({"a": x, "b": 1 - x}).spec.targets == ("a", "b")
    for wrong in ([[1, 2], [3]], 3, [None]):
        with pytest.raises(UserError, match="is no array"):
            data.of(wrong)


# A server, which knows columns by the names of their tensors.

COLUMN = {"age": TensorSpec("int64", (None,)), "city": TensorSpec("string", (None,))}
SEED, LABEL = {"seed": TensorSpec("int64", (None,))}, {"label": TensorSpec("int64", (None,))}


@pytest.fixture
def served():
    """Rows whose age is the seed, in the city of the class."""

    def sample(seed, label):
        return {"age": seed, "city": np.array([f"city {n}".encode() for n in label], object)}

    def reconstruct(age, city):
        return {"age": age + 1, "city": city, "error": np.zeros(len(age), np.float32)}

    error = {"error": TensorSpec("float32", (None,))}
    functions = {
        "sample": Function(sample, {**SEED, **LABEL}, COLUMN),
        "reconstruct": Function(reconstruct, COLUMN, {**COLUMN, **error}),
    }
    with Client("memory", transport=FakeServer({"people": functions})) as client:
        yield zoo.connect(client, "people")


def test_columns_and_labels_on_a_server(served):
    samples = served.sample(3, seed=40, label=[0, 1, 1])
    assert list(samples) == ["age", "city"]
    np.testing.assert_array_equal(samples["age"], [40, 41, 42])
    np.testing.assert_array_equal(samples["city"], ["city 0", "city 1", "city 1"])
    again = served.reconstruct(pd.DataFrame({"city": ["Köln"], "age": [7], "more": [0]}))
    assert again.to_dict("list") == {"age": [8], "city": ["Köln"]}
    with pytest.raises(UserError, match=r"The names of the classes are not known here\. Give labels by number"):
        served.sample(3, label="Bonn")
    with pytest.raises(UserError, match=r"no label given\. Give one class for all rows, as in label=3"):
        served.sample(3)
    with pytest.raises(UserError, match="This model takes tables"):
        served.reconstruct(np.zeros((3, 2)))

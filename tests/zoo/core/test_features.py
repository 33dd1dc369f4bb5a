"""Features: how each kind looks inside and on the wire, there and back, and through JSON."""

import datetime
import json

import numpy as np
import pytest
import tensorflow as tf

from zoo.core import features
from zoo.core.columns import Column
from zoo.core.errors import UserError
from zoo.core.features import Feature, Spec
from zoo.core.model import Signature

COLUMNS = (
    Column("age", low=18, high=90, whole=True),
    Column("petal length (cm)", low=0.5, high=6.5),
    Column("town", "category", categories=("Aachen", "Bonn", "Köln")),
    Column("since", "date", low=0, high=20_000),
    Column("member?", "flag"),
)
ROWS = {
    "age": [20, 90],
    "petal_length_cm": [0.5, 3.5],
    "town": ["Bonn", "Köln"],
    "since": ["1999-12-31", "2020-02-29"],
    "member": [True, False],
}
EACH = {
    "image": features.image(4, 6, 3),
    "video": features.video(2, 4, 4, 1, rate=8.0),
    "volume": features.volume(3, 3, 3),
    "audio": features.audio(16, rate=8_000.0),
    "series": features.series(5, 2, -40.0, 120.0),
    "vector": features.vector(7),
    "label": features.label(("cat", "dog")),
    "seed": features.seed(),
    "table": features.table(COLUMNS),
    "tokens": features.tokens(4, ("a", "red", "ball")),
}


def rows():
    return {name: tf.constant(values) for name, values in ROWS.items()} | {"age": tf.constant(ROWS["age"], tf.int64)}


def test_every_kind_is_here():
    assert set(EACH) == set(features.KINDS)


@pytest.mark.parametrize("kind", EACH)
def test_json_there_and_back(kind):
    assert Feature.from_json(json.loads(json.dumps(EACH[kind].to_json()))) == EACH[kind]


@pytest.mark.parametrize("kind", [k for k, f in EACH.items() if f.dtype == "float32" and k != "table"])
def test_to_the_wire_and_back(kind):
    feature = EACH[kind]
    x = tf.constant(np.random.default_rng(0).uniform(-1, 1, (3, *feature.shape)), tf.float32)
    there = feature.to_wire("x", x)
    assert {k: (v.dtype, v.shape[1:]) for k, v in there.items()} == {
        k: (s.dtype, s.shape[1:]) for k, s in feature.wire("x").items()
    }
    np.testing.assert_allclose(feature.from_wire("x", there), x, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("image", 0, 1), ("video", 0, 1), ("volume", 0, 1), ("audio", -1, 1), ("series", -40, 120)],
)
def test_ranges_on_the_wire(kind, low, high):
    feature = EACH[kind]
    ends = tf.reshape(tf.constant([-1.0, 1.0]), (2, *[1] * len(feature.shape))) + tf.zeros((2, *feature.shape))
    (wire,) = feature.to_wire("x", ends).values()
    assert np.unique(wire[0]) == pytest.approx(low)
    assert np.unique(wire[1]) == pytest.approx(high)


def test_a_series_of_one_value_is_in_the_middle():
    feature = features.series(3, 1, 5.0, 5.0)
    assert np.all(feature.from_wire("x", {"x": tf.fill((1, 3, 1), 5.0)}) == 0)


def test_a_table_takes_and_gives_its_columns_in_their_own_units():
    feature = EACH["table"]
    assert {k: s.dtype for k, s in feature.wire("x").items()} == {
        "age": tf.int64,
        "petal_length_cm": tf.float32,
        "town": tf.string,
        "since": tf.string,
        "member": tf.bool,
    }
    x = feature.from_wire("x", rows())
    assert x.shape == (2, feature.size) == (2, 1 + 1 + 3 + 1 + 1)
    np.testing.assert_allclose(x[:, 1], [-1, 0], atol=1e-6)
    assert x[:, 2:5].numpy().tolist() == [[-1, 1, -1], [-1, -1, 1]]
    back = feature.to_wire("x", x)
    for name, values in ROWS.items():
        got = [v.decode() if isinstance(v, bytes) else v for v in back[name].numpy().tolist()]
        assert got == (pytest.approx(values) if name == "petal_length_cm" else values)


def test_what_a_model_gives_becomes_a_row_that_could_be_in_the_data():
    """Between the categories the largest, whole numbers whole, a flag by its sign."""
    x = tf.constant([[0.013, 0.1, -0.2, 0.1, 0.05, 0.5, -0.01]])
    back = {k: v.numpy()[0] for k, v in EACH["table"].to_wire("x", x).items()}
    assert back["town"] == b"Bonn"
    assert back["age"] == 54
    assert not back["member"]


def test_every_day_of_centuries_is_its_date():
    days = np.random.default_rng(0).integers(-200_000, 400_000, 2_000)
    dates = [(datetime.date(1970, 1, 1) + datetime.timedelta(days=int(d))).isoformat() for d in days]
    column = Column("day", "date", low=-200_000, high=400_000)
    x = column.encode(tf.constant(dates))
    np.testing.assert_allclose(x[:, 0] * 300_000 + 100_000, days, atol=0.05)
    assert [d.decode() for d in column.decode(x).numpy()] == dates


def test_a_category_that_is_not_known_is_none_of_them():
    column = Column("town", "category", categories=("Aachen", "Bonn"))
    assert column.encode(tf.constant(["Rom"])).numpy().tolist() == [[-1, -1]]


def test_text_is_numbered_words_and_back():
    feature = EACH["tokens"]
    numbers = feature.from_wire("text", {"text": tf.constant(["A red   ball", "blue ball", "", "a a a a a"])})
    assert numbers.numpy().tolist() == [[1, 2, 3, 0], [0, 3, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
    text = feature.to_wire("text", numbers)["text"].numpy()
    assert [t.decode() for t in text] == ["a red ball", "ball", "", "a a a a"]


def test_two_columns_of_one_name_on_the_wire_are_refused():
    with pytest.raises(UserError, match="Two columns have the name 'a_b' on the wire"):
        features.table([Column("a b"), Column("a.b")])


def test_unknown_kinds_and_types_are_refused():
    with pytest.raises(UserError, match=r"kind is one of image, video.* received 'smell'"):
        Feature("smell", (1,))
    with pytest.raises(UserError, match="type is one of number, category, date, flag; 'x' has 'colour'"):
        Column("x", "colour")


def test_a_spec_there_and_back_and_in_words():
    spec = Spec.of(features.image(28, 28, 1), ("cat", "dog"))
    assert Spec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert (spec.target, spec.kind, spec.shape, spec.classes) == ("image", "image", (28, 28, 1), 2)
    assert spec.describe() == "image: image 28x28x1, float32 in [0, 1]\nlabel: label of 2 classes: cat, dog"
    assert Spec.of(EACH["table"]).describe().startswith("table: table of 5 columns: age (whole number, 18 to 90), ")
    assert "since (date, 1970-01-01 to 2024-10-04)" in EACH["table"].describe()
    with pytest.raises(ValueError, match="The shape of image varies"):
        _ = Spec.of(features.image(None, None, 3)).shape


def test_a_signature_is_served_by_the_names_and_units_of_its_features():
    seen = {}

    def double(x, label):
        seen.update(x=x, label=label)
        return {"x": x / 2, "score": x[:, 0, 0, 0]}

    image = features.image(1, 1, 1)
    signature = Signature(double, {"x": image, "label": features.label(3)}, {"x": image, "score": features.vector()})
    assert list(signature.wire_inputs) == ["images", "label"]
    reply = signature.serve({"images": tf.reshape([0.0, 0.75], (2, 1, 1, 1)), "label": tf.constant([0, 2], tf.int64)})
    assert seen["x"].numpy().ravel().tolist() == [-1.0, 0.5]
    assert reply["images"].numpy().ravel().tolist() == [0.25, 0.625]
    assert reply["score"].numpy().tolist() == [-1.0, 0.5]
    assert {k: s.shape.as_list() for k, s in signature.wire_outputs.items()} == {
        "images": [None, 1, 1, 1],
        "score": [None],
    }


def test_a_column_named_as_another_output_is_refused():
    table = features.table([Column("error")])
    signature = Signature(lambda x: {"x": x, "error": x[:, 0]}, {"x": table}, {"x": table, "error": features.vector()})
    with pytest.raises(UserError, match="A column is named 'error', as another input or output"):
        _ = signature.wire_outputs

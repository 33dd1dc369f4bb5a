"""Conditions that nobody gives: every class in turn, and what the data has."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.core import features
from zoo.core.columns import Column
from zoo.core.conditions import example_conditions, example_values
from zoo.core.features import Spec

AGE = Column("age", low=18.0, high=90.0, whole=True)
PLACE = Column("place", "category", categories=("north", "south", "west"))
SMOKES = Column("smokes", "flag")
FEATURES = {
    "image": features.image(4, None, 1),
    "audio": features.audio(16),
    "series": features.series(5, 2, low=-3.0, high=40.0),
    "volume": features.volume(2, 3, 4),
    "vector": features.vector(3),
    "number": features.vector(),
    "codes": features.Feature("vector", (2, 2), "int64"),
    "label": features.label(["cat", "dog"]),
    "text": features.tokens(4, ["a", "red", "boat"]),
    "table": features.table([AGE, PLACE, SMOKES]),
    "seed": features.seed(),
}


@pytest.mark.parametrize("name", FEATURES)
def test_values_survive_the_wire_and_row_i_depends_on_i_alone(name):
    feature = FEATURES[name]
    values = example_values(feature, 7)
    assert values.dtype == feature.dtype
    assert values.shape[0] == 7
    assert all(side is None or side == found for side, found in zip(feature.shape, values.shape[1:], strict=True))
    np.testing.assert_array_equal(example_values(feature, 3), values[:3])
    wire = feature.to_wire("x", values)
    assert {k: (v.shape[1:], v.dtype) for k, v in wire.items()} == {
        k: (tf.TensorShape([12 if side is None else side for side in s.shape[1:]]), s.dtype)
        for k, s in feature.wire("x").items()
    }
    again = feature.from_wire("x", wire)
    if name == "table":
        np.testing.assert_array_equal(again[:, 1:], values[:, 1:])
        np.testing.assert_allclose(again[:, 0], values[:, 0], atol=0.5 / 36 + 1e-6)  # ages are whole numbers
    else:
        np.testing.assert_allclose(again, values, atol=1e-5)
    assert len(np.unique(values.numpy(), axis=0)) > 1


def test_a_label_is_each_class_in_turn_and_the_rest_is_the_datas():
    spec = Spec(
        {"image": features.image(4, 4, 1), "label": features.label(3), "text": FEATURES["text"]},
        ("image",),
        ("label", "text"),
    )
    texts = np.array([[1, 2, 0, 0], [3, 3, 0, 0]])
    found = example_conditions(spec, 5, {"image": np.zeros((2, 4, 4, 1)), "label": np.array([2, 2]), "text": texts})
    assert found["label"].numpy().tolist() == [0, 1, 2, 0, 1]
    np.testing.assert_array_equal(found["text"], texts[[0, 1, 0, 1, 0]])
    assert example_conditions(spec, 5)["text"].shape == (5, 4)
    assert example_conditions(Spec.of(features.image(4, 4, 1)), 5) == {}


def test_the_count_may_be_a_tensor():
    spec = Spec.of(features.image(4, 4, 1), 3)
    drawn = tf.function(lambda x: example_conditions(spec, tf.shape(x)[0], {"label": x})["label"])
    assert drawn(tf.zeros(4, tf.int64)).numpy().tolist() == [0, 1, 2, 0]

"""Metrics of classes: the classifier score, the balance of classes, and learning from samples."""

import math

import numpy as np
import pytest
from scipy.stats import entropy

from zoo.core.errors import UserError
from zoo.evaluation.metrics.class_balance import class_balance
from zoo.evaluation.metrics.classifier_score import classifier_score
from zoo.evaluation.metrics.cross_accuracy import Labelled, cross_accuracy

RANDOM = np.random.default_rng(0)
EVEN = np.repeat(np.arange(10), 30)


def test_classifier_score_of_sure_and_even_classes_is_their_number():
    assert classifier_score(np.eye(10)[EVEN], seed=0).value == pytest.approx(10)


@pytest.mark.parametrize("p", [np.full((50, 10), 0.1), np.eye(10)[np.zeros(50, int)]], ids=["unsure", "one class"])
def test_classifier_score_of_no_information_is_one(p):
    found = classifier_score(p, seed=0)
    assert found[:3] == pytest.approx((1, 1, 1))


def test_classifier_score_is_the_divergence_from_the_mean():
    p = RANDOM.dirichlet(np.ones(7), 200)
    expected = math.exp(entropy(p.T, p.mean(axis=0)[:, None]).mean())
    found = classifier_score(p, seed=0)
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high


def test_balance_is_one_for_the_real_shares_and_zero_for_none_of_them():
    same = class_balance(EVEN, EVEN, 10, seed=0)
    assert (same.balance.value, same.modes.value) == (1, 1)
    assert same.entropy.value == pytest.approx(math.log(10))
    assert class_balance(EVEN[EVEN < 5], EVEN[EVEN >= 5], 10, seed=0).balance.value == 0


def test_a_collapsed_model_has_few_modes():
    found = class_balance(EVEN, EVEN[EVEN < 3], 10, seed=0)
    assert found.shares.tolist() == pytest.approx([1 / 3] * 3 + [0] * 7)
    assert (found.modes.value, found.balance.value) == pytest.approx((0.3, 0.3))
    assert found.entropy.value == pytest.approx(math.log(3))


def test_a_class_that_real_data_lacks_is_no_mode_and_a_trace_is_not_enough():
    real = np.repeat([0, 1], 50)
    fake = np.repeat([0, 1, 2], [900, 40, 60])
    found = class_balance(real, fake, 3, seed=0)
    assert found.modes.value == 0.5
    assert found.balance.value == pytest.approx(0.54)


def test_labels_that_are_none_are_refused():
    with pytest.raises(UserError, match="whole numbers from 0 to 9"):
        class_balance(EVEN, np.array([3, 10]), 10, seed=0)


def blobs(n, noise=1.0):
    """Three classes on a triangle of sides 4: a plane cannot hold them, and a kernel can."""
    labels = RANDOM.integers(0, 3, n)
    angle = 2 * np.pi * labels / 3
    return Labelled(2.3 * np.stack([np.cos(angle), np.sin(angle)], 1) + noise * RANDOM.normal(size=(n, 2)), labels)


def test_cross_accuracy_of_more_real_data_is_the_best_that_can_be_done():
    """Bayes's rule for three unit normals is the nearest centre."""
    train, test, fake = blobs(600), blobs(2000), blobs(600)
    centres = 2.3 * np.stack([np.cos(2 * np.pi * np.arange(3) / 3), np.sin(2 * np.pi * np.arange(3) / 3)], 1)
    best = (np.square(test.x[:, None] - centres).sum(axis=2).argmin(axis=1) == test.labels).mean()
    found = cross_accuracy(train, test, fake, seed=0)
    assert [e.value for e in found] == pytest.approx([best] * 3, abs=0.035)


def test_cross_accuracy_tells_wrong_labels_from_little_variety():
    train, test, fake = blobs(600), blobs(1000), blobs(600)
    wrong = cross_accuracy(train, test, Labelled(fake.x, (fake.labels + 1) % 3), seed=0)
    assert wrong.from_fake.high < 0.2
    assert wrong.on_fake.high < 0.2
    two = fake.labels < 2
    lacking = cross_accuracy(train, test, Labelled(fake.x[two], fake.labels[two]), seed=0)
    assert lacking.from_fake.high < 0.75
    assert lacking.on_fake.low > 0.85
    assert lacking.real.low > 0.85


def test_cross_accuracy_of_one_class_is_refused():
    train = blobs(50)
    with pytest.raises(UserError, match="a classifier needs two"):
        cross_accuracy(train, train, Labelled(train.x, np.zeros(50, int)), seed=0)

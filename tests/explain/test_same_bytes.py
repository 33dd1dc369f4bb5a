"""The same seed gives the same bytes, whatever was explained before, and however the calls are cut and ordered."""

import threading
import time

import numpy as np
import pytest

from explain import Function, explain, explain_many
from explain.sources.source import Source

WEIGHTS = np.random.default_rng(2).normal(size=(12, 12, 1)).astype(np.float32)
IMAGES = np.random.default_rng(1).random((4, 12, 12, 1)).astype(np.float32)


def bent(images):
    return np.tanh((images * WEIGHTS).sum((1, 2, 3)) / 5) + np.cos(images[:, 3, 3, 0])


def answers(found):
    return [(e.coefficients.tobytes(), e.errors.tobytes(), e.r2, e.r2_held_out) for e in found]


@pytest.mark.parametrize("engine", ["fast", "lime"])
def test_the_order_of_explanations_does_not_matter(engine):
    forth = explain_many(Function(bent), IMAGES, engine=engine, seed=5)
    np.random.seed(3)
    np.random.rand(7)
    back = explain_many(Function(bent), IMAGES[::-1], engine=engine, seed=5)[::-1]
    assert answers(forth) == answers(back)
    assert forth == back, "equal in all but the seconds"
    assert answers(forth) != answers(explain_many(Function(bent), IMAGES, engine=engine, seed=6))


class Late(Source):
    """Answers several calls at once, those that came first last."""

    model, version, target, chunk, in_flight = "late", 1, "value", 50, 4

    def __init__(self):
        self.running, self.most, self.lock, self.count = 0, 0, threading.Lock(), 0

    def evaluate(self, inputs):
        with self.lock:
            self.running, self.count = self.running + 1, self.count + 1
            self.most, wait = max(self.most, self.running), 0.02 / self.count
        time.sleep(wait)
        with self.lock:
            self.running -= 1
        return bent(inputs)


def test_several_calls_in_flight_give_the_same_bytes_as_one_after_another():
    late = Late()
    found = explain(late, IMAGES[0], samples=400, agreement=0)
    assert late.most > 1
    assert answers([found]) == answers([explain(Function(bent, chunk=50), IMAGES[0], samples=400, agreement=0)])
    assert found.calls == late.count == 1 + 9


def test_many_images_share_their_masks():
    seen = []
    f = Function(lambda i: seen.append((i != 0).any(axis=(2, 3))) or bent(i))
    explain_many(f, IMAGES[:2], map=np.arange(144).reshape(12, 12) // 12)
    half = len(seen) // 2
    np.testing.assert_array_equal(np.concatenate(seen[1:half]), np.concatenate(seen[half + 1 :]))

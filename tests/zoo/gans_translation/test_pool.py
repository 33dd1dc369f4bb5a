"""The pool of earlier images, followed number by number: turn t's row r is the picture of the number 100 t + r."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.core import replicas
from zoo.core.errors import UserError
from zoo.core.random import Seed
from zoo.gans.pool import ImagePool
from zoo.training import strategy

ROWS = 4


def numbers(turn, count=ROWS):
    return 100.0 * turn + tf.range(count, dtype=tf.float32)


def swapped(placed, size, turns):
    """What a pool gives back in each turn, (turns, ROWS), and what it holds in the end."""
    with placed.scope():
        pool = ImagePool(size, (2, 1, 1), "pool")

    @tf.function
    def turn(t):
        rows = replicas.rows(ROWS // replicas.replicas())
        fakes = 100.0 * t + tf.cast(rows, tf.float32)
        return pool.swap(tf.tile(fakes[:, None, None, None], (1, 2, 1, 1)), Seed.of(rows).fold(tf.cast(t, tf.int64)))

    given = []
    for t in range(turns):
        parts = placed.experimental_local_results(placed.run(turn, args=(tf.constant(float(t)),)))
        given.append(np.concatenate([p.numpy() for p in parts])[:, 0, 0, 0])
    return np.array(given), pool


def test_while_there_is_room_every_fake_comes_back_and_is_kept():
    given, pool = swapped(strategy.get("one"), 12, 3)
    assert np.array_equal(given, [numbers(t) for t in range(3)])
    assert sorted(pool.images.numpy()[:, 0, 0, 0]) == sorted(np.ravel(given))


def test_a_full_pool_gives_back_older_fakes_of_the_same_row_half_of_the_time():
    given, _ = swapped(strategy.get("one"), 12, 200)
    late, turns = given[3:], np.arange(3, 200)[:, None]
    assert np.array_equal(late % 100, np.tile(np.arange(ROWS), (197, 1)))
    age = turns - late // 100
    assert age.min() == 0
    assert np.mean(age == 0) == pytest.approx(0.5, abs=0.06)
    # A place is taken in a turn with probability 1/2 · 1/3: what comes out of it has waited for 6 turns on average.
    assert age[age > 0].mean() == pytest.approx(6, abs=1.0)


def test_no_fake_comes_back_from_the_pool_twice():
    given, _ = swapped(strategy.get("one"), 12, 100)
    turns = np.arange(100)[:, None]
    old = given[(given // 100 < turns)]
    assert len(np.unique(old)) == len(old) > 100


def test_two_replicas_remember_what_one_does(two_replicas):
    alone, one = swapped(strategy.get("one"), 11, 20)
    together, two = swapped(two_replicas, 11, 20)
    assert np.array_equal(alone, together)
    copies = [np.asarray(v) for v in two_replicas.experimental_local_results(two.images.value)]
    assert all(np.array_equal(copy, one.images.numpy()) for copy in copies)


def test_it_compiles():
    pool = ImagePool(8, (2, 2, 1), "pool")
    swap = tf.function(lambda x: pool.swap(x, Seed.of(tf.range(4, dtype=tf.int64))), jit_compile=True)
    x = tf.random.stateless_uniform((4, 2, 2, 1), (0, 0))
    assert np.array_equal(swap(x), x)
    assert np.array_equal(pool.images[::2], x)


def test_a_pool_smaller_than_the_batch_is_refused():
    pool = ImagePool(3, (2, 2, 1), "pool")
    with pytest.raises(UserError, match=r"A pool of 3 images is smaller than a batch\. Give pool=4"):
        pool.swap(tf.zeros((4, 2, 2, 1)), Seed.of(tf.range(4, dtype=tf.int64)))

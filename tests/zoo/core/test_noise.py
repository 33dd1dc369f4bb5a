"""Noise with an address: its distribution, and that a row depends on its key alone."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from zoo.core import replicas
from zoo.core.random import Seed


def draw(numbers, shape=(5,), fold=0):
    return Seed.of(tf.constant(numbers, tf.int64)).fold(fold).normal(shape).numpy()


def test_splitmix64_gives_the_published_sequence():
    # The first outputs for state 1234567, from the reference implementation of Java's SplittableRandom.
    words = Seed(tf.constant([1234567], tf.uint64))._bits(5).numpy()[0]
    assert words.tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_a_row_is_the_same_in_any_batch():
    together = draw(range(100))
    # A vector unit's cosine may end in another bit than a scalar one's.
    np.testing.assert_allclose(draw([7]), together[[7]], atol=1e-6)
    np.testing.assert_allclose(draw(range(99, -1, -1)), together[::-1], atol=1e-6)


@pytest.mark.parametrize("jit", [False, True])
def test_eager_graph_and_compiled_draw_the_same_bits(jit):
    def words(seed):
        return Seed.of(seed)._bits(10)

    seed = tf.range(64, dtype=tf.int64)
    assert np.array_equal(words(seed), tf.function(words, jit_compile=jit)(seed))


@pytest.mark.parametrize("fold", ["name", 3, tf.constant(4, tf.int64)])
def test_folding_gives_unrelated_noise(fold):
    seed = Seed.of(tf.range(200, dtype=tf.int64))
    a, b = seed.normal((50,)).numpy().ravel(), seed.fold(fold).normal((50,)).numpy().ravel()
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(a.size)


def test_neighbouring_rows_and_columns_are_uncorrelated():
    z = draw(range(1000), (100,))
    bound = 4 / np.sqrt(z.size)
    assert abs(np.mean(z[1:] * z[:-1])) < bound
    assert abs(np.mean(z[:, 1:] * z[:, :-1])) < bound
    assert abs(np.mean(z[:, :50] * z[:, 50:])) < bound  # the two halves of Box & Muller's pairs


@pytest.mark.parametrize("numbers", [range(2000), range(-1000, 1000), range(0, 2000 << 40, 1 << 40)])
def test_draws_have_their_distribution(numbers):
    seed = Seed.of(tf.constant(list(numbers), tf.int64))
    assert stats.kstest(seed.normal((101,)).numpy().ravel(), "norm").pvalue > 1e-3
    uniform = seed.fold("u").uniform((100,), -1.0, 3.0).numpy().ravel()
    assert stats.kstest(uniform, "uniform", (-1, 4)).pvalue > 1e-3
    assert uniform.min() >= -1
    assert uniform.max() < 3


def test_noise_differs_between_replicas(two_replicas):
    """Keras's own generators draw the same on each (fact 2); ours follows the row's number."""
    drawn = two_replicas.run(lambda: Seed.of(replicas.rows(4)).normal((16,)))
    first, second = (d.numpy() for d in two_replicas.experimental_local_results(drawn))
    together = Seed.of(tf.range(8, dtype=tf.int64)).normal((16,))
    np.testing.assert_allclose(np.concatenate([first, second]), together, atol=1e-6)
    assert not np.any(first == second)


def test_a_draw_of_nothing_has_no_columns():
    assert Seed.of([1, 2]).uniform((0,), -1.0, 1.0).shape == (2, 0)

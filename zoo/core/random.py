"""Noise with an address: row i of a draw depends on row i's key alone.

So a sample is the same picture in any batch and on any server, and a training step draws the same noise on one
replica as on eight, where every replica holds other rows. TensorFlow's stateless generators take one seed for a whole
tensor and cannot do this.

The generator is SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), one stream a row, in integer operations that XLA fuses
and every device has.
"""

import math
import zlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

_GAMMA = 0x9E3779B97F4A7C15
_U64 = tf.uint64


def _constant(*values: int) -> tf.Tensor:
    """One word, or a row of them. By way of numpy: a list of large Python integers reaches a graph through float64."""
    words = np.array([value % 2**64 for value in values], np.uint64)
    return tf.constant(words[0] if len(values) == 1 else words, _U64)


def _mix(z: tf.Tensor) -> tf.Tensor:
    """The finaliser: a bijection of 64 bits in which every input bit moves half of the output's."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _constant(shift))) * _constant(factor)
    return tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _constant(31)))


class Seed(NamedTuple):
    """The keys of B rows, uint64 (B,). Two draws from one Seed are the same draw: `fold` first."""

    rows: tf.Tensor

    @classmethod
    def of(cls, numbers: tf.Tensor) -> "Seed":
        """Keys from whole numbers (B,), one a row: 0, 1, 2 ... are as far apart as any others."""
        return cls(_mix(tf.bitcast(tf.cast(numbers, tf.int64), _U64) + _constant(_GAMMA)))

    def fold(self, data: "str | int | tf.Tensor") -> "Seed":
        """Independent keys, told apart by a name or a number (a scalar tensor may vary from step to step)."""
        if isinstance(data, str):
            data = zlib.crc32(data.encode())
        data = tf.bitcast(tf.cast(data, tf.int64), _U64)
        return Seed(_mix(self.rows + _mix(data + _constant(_GAMMA)) * _constant(_GAMMA)))

    def _bits(self, count: int) -> tf.Tensor:
        """`count` words of 64 bits for each row: (B, count)."""
        return _mix(self.rows[:, None] + _constant(*((k + 1) * _GAMMA for k in range(count))))

    def uniform(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """float32 (B, *shape), uniform in [low, high)."""
        top = tf.cast(tf.bitwise.right_shift(self._bits(math.prod(shape)), _constant(40)), tf.float32)
        return tf.reshape(low + (high - low) * 2.0**-24 * top, (-1, *shape))

    def normal(self, shape: tuple[int, ...]) -> tf.Tensor:
        """float32 (B, *shape), standard normal, by Box & Muller (1958): |z| stays below 5.9."""
        count = math.prod(shape)
        word = self._bits((count + 1) // 2)
        low = tf.bitwise.bitwise_and(word, _constant(2**24 - 1))
        u = (tf.cast(tf.bitwise.right_shift(word, _constant(40)), tf.float32) + 0.5) * 2.0**-24
        radius = tf.sqrt(-2.0 * tf.math.log(u))
        angle = tf.cast(low, tf.float32) * (2.0 * np.pi * 2.0**-24)
        pairs = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)
        return tf.reshape(pairs[:, :count], (-1, *shape))

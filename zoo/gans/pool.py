"""A memory of fakes, so that a discriminator does not forget what it has already seen through.

Shrivastava et al., arXiv 1612.07828, section 2.3.
"""

import keras
import tensorflow as tf

from zoo.core import replicas
from zoo.core.errors import UserError
from zoo.core.random import Seed


class ImagePool(keras.Model):
    """Up to `size` past fakes, shared out evenly among the rows of the global batch.

    Each row keeps its own, so what it is given back does not depend on how many replicas there are. The memory is made
    of weights that nobody trains: a checkpoint holds it, and every replica has the same.
    """

    def __init__(self, size: int, shape: tuple[int, ...], name: str) -> None:
        super().__init__(name=name)
        # All replicas write the same.
        kept = {"trainable": False, "aggregation": "only_first_replica", "initializer": "zeros", "dtype": "float32"}
        self.images = self.add_weight((size, *shape), name="images", **kept)
        self.asked = self.add_weight((), name="asked", **kept)
        self.built = True

    def swap(self, fakes: tf.Tensor, seed: Seed) -> tf.Tensor:
        """Fakes (B, *shape) -> the same, or for half of the rows an older one, whose place the new one takes.

        While a row's places are not all taken it remembers its fake and gives it back. Errors: UserError for a pool
        smaller than the batch.
        """
        count = fakes.shape[0]
        everyone = count * replicas.replicas()
        places = self.images.shape[0] // everyone
        if not places:
            raise UserError(f"A pool of {self.images.shape[0]} is smaller than a batch. Give pool={everyone} or more.")
        pool, asked = tf.convert_to_tensor(self.images), tf.cast(self.asked.value, tf.int32)
        shared = tf.reshape(pool[: everyone * places], (everyone, places, *fakes.shape[1:]))
        mine = tf.gather(shared, replicas.rows(count))
        filling = asked < places
        coin, where = tf.unstack(seed.uniform((2,)), axis=1)
        replaced = filling | (coin < 0.5)
        place = tf.where(filling, asked, tf.cast(where * places, tf.int32))
        older = tf.gather(mine, place, batch_dims=1)
        taken = replaced[:, None] & (place[:, None] == tf.range(places))
        mine = tf.where(_like(taken, mine), fakes[:, None], mine)
        kept = tf.reshape(replicas.gather(mine), (everyone * places, *fakes.shape[1:]))
        self.images.assign(tf.concat([kept, pool[everyone * places :]], axis=0))
        self.asked.assign(tf.cast(tf.minimum(asked + 1, places), tf.float32))
        return tf.where(_like(replaced & ~filling, fakes), older, fakes)


def _like(mask: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """A mask with axes of length one behind, as many as `x` has."""
    return tf.reshape(mask, tf.concat([tf.shape(mask), [1] * (x.shape.rank - mask.shape.rank)], axis=0))

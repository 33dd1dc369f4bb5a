"""A pool of earlier generated images, so that a discriminator keeps recognising them.

Shrivastava et al., arXiv 1612.07828, section 2.3.
"""

import keras
import tensorflow as tf

from zoo.core import replicas
from zoo.core.errors import UserError
from zoo.core.random import Seed


class ImagePool(keras.Model):
    """Up to `size` earlier generated images, an equal number for each row of the global batch.

    Each row has its own, so that results do not depend on the number of replicas. The images are non-trainable weights:
    checkpoints hold them, and all replicas have the same.

    Args:
      size: images in the pool; `size` divided by the global batch size, rounded down, for each row.
      shape: of an image, (H, W, C).
    """

    def __init__(self, size: int, shape: tuple[int, ...], name: str) -> None:
        super().__init__(name=name)
        # All replicas write the same values.
        kept = {"trainable": False, "aggregation": "only_first_replica", "initializer": "zeros", "dtype": "float32"}
        self.images = self.add_weight((size, *shape), name="images", **kept)
        self.filled = self.add_weight((), name="filled", **kept)
        self.built = True

    def swap(self, fakes: tf.Tensor, seed: Seed) -> tf.Tensor:
        """Generated images (B, *shape) -> for about half of the rows an earlier image, which the new one replaces.

        The other rows are returned as they are. So are all rows until the pool is full; their images are added to it.

        Errors: UserError for a pool smaller than the global batch.
        """
        count = fakes.shape[0]
        rows = count * replicas.replicas()
        places = self.images.shape[0] // rows
        if not places:
            raise UserError(
                f"A pool of {self.images.shape[0]} images is smaller than a batch. Give pool={rows} or more."
            )
        pool, filled = tf.convert_to_tensor(self.images), tf.cast(self.filled.value, tf.int32)
        shared = tf.reshape(pool[: rows * places], (rows, places, *fakes.shape[1:]))
        own = tf.gather(shared, replicas.rows(count))
        filling = filled < places
        coin, where = tf.unstack(seed.uniform((2,)), axis=1)
        replaced = filling | (coin < 0.5)
        place = tf.where(filling, filled, tf.cast(where * places, tf.int32))
        older = tf.gather(own, place, batch_dims=1)
        taken = replaced[:, None] & (place[:, None] == tf.range(places))
        own = tf.where(_like(taken, own), fakes[:, None], own)
        kept = tf.reshape(replicas.gather(own), (rows * places, *fakes.shape[1:]))
        self.images.assign(tf.concat([kept, pool[rows * places :]], axis=0))
        self.filled.assign(tf.cast(tf.minimum(filled + 1, places), tf.float32))
        return tf.where(_like(replaced & ~filling, fakes), older, fakes)


def _like(mask: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The mask with trailing axes of length 1, so that it has as many axes as `x`."""
    return tf.reshape(mask, tf.concat([tf.shape(mask), [1] * (x.shape.rank - mask.shape.rank)], axis=0))

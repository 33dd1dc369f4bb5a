"""The replicas of a training step, as a loss sees them: how many, which rows are whose, and all rows together.

`zoo.training.strategy` says where the replicas are.
"""

import tensorflow as tf


def replicas() -> int:
    """How many take this step together."""
    return int(tf.distribute.get_replica_context().num_replicas_in_sync)


def rows(count: int) -> tf.Tensor:
    """The numbers that this replica's rows have in the global batch, int64 (count,), of `count` on each replica."""
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    return tf.cast(replica * count + tf.range(count), tf.int64)


def gather(rows: tf.Tensor) -> tf.Tensor:
    """This replica's rows (B, ...) -> those of the global batch, in order, on every replica.

    For losses that compare the rows of a batch with each other. Its gradient is the sum over replicas, so that a loss
    of the whole batch, taken on each replica, has the gradient that it would have on one.
    """
    context = tf.distribute.get_replica_context()
    replicas = context.num_replicas_in_sync
    if replicas == 1:
        return rows
    count = rows.shape[0]
    place = tf.one_hot(context.replica_id_in_sync_group, replicas, dtype=rows.dtype)
    placed = place[:, None] * tf.reshape(rows, (1, -1))
    whole = context.all_reduce(tf.distribute.ReduceOp.SUM, placed)
    return tf.reshape(whole, (replicas * count, *rows.shape[1:]))

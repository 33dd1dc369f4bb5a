"""The order of examples, which every kind of split shares."""

import io
import itertools

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving.protocol.images import decode
from zoo import data
from zoo.data.form import Format
from zoo.data.sources import records
from zoo.data.splits import Arrays, Disk, held_out
from zoo.data.stream import Stream
from zoo.training import strategy

COUNT, BATCH = 23, 4
PER_EPOCH = COUNT // BATCH
PIXELS = np.arange(COUNT, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 2, 1), np.uint8)
LABELS = np.arange(COUNT) % 7


def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(out, "PNG")
    return out.getvalue()


ENCODED = [png(p) for p in PIXELS]


def from_memory(_):
    return Arrays({"image": PIXELS, "label": LABELS})


def from_files(root):
    files = [root / f"{i:02d}.png" for i in range(COUNT)]
    for file, content in zip(files, ENCODED, strict=True):
        file.write_bytes(content)
    return Disk(files, lambda file: decode(file, str(file)), "image", (3, 2, 1), others={"label": LABELS})


def from_records(root):
    with tf.io.TFRecordWriter(str(root / "a.tfrecord")) as writer:
        for content in ENCODED:
            value = tf.train.BytesList(value=[content])
            example = tf.train.Features(feature={"image": tf.train.Feature(bytes_list=value)})
            writer.write(tf.train.Example(features=example).SerializeToString())
    loaded = records.load("a", [root / "a.tfrecord"], Format())
    both = [*loaded.train.sources, *loaded.test.sources]
    addresses = sorted(both, key=lambda a: a.number)
    return Disk(addresses, loaded.train.read, "image", (3, 2, 1), others={"label": LABELS})


def from_stream(_):
    source = tf.data.Dataset.from_tensor_slices({"image": ENCODED, "label": LABELS})
    return Stream(source, lambda content: decode(content, "it"), COUNT, "image", (3, 2, 1))


@pytest.fixture(scope="module", params=[from_memory, from_files, from_records, from_stream])
def split(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("data"))


def places(batches):
    """Which examples each batch holds, read off their pixels; labels must fit them."""
    found = []
    for batch in batches.as_numpy_iterator():
        x, label = batch["image"], batch["label"]
        rows = np.rint((x[:, 0, 0, 0] + 1) * 127.5).astype(int)
        assert np.array_equal(label, LABELS[rows])
        assert np.all(x == x[:, :1, :1])
        found.append(rows)
    return np.array(found)


def test_each_epoch_is_another_permutation(split):
    epochs = places(split.batches(BATCH, seed=3, steps=8 * PER_EPOCH)).reshape(8, -1)
    assert all(len(set(epoch)) == PER_EPOCH * BATCH for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 8
    assert set(epochs.ravel()) == set(range(COUNT))


def test_seed_alone_decides(split):
    tf.random.set_seed(1)
    first = places(split.batches(BATCH, seed=0, steps=7))
    tf.random.set_seed(2)
    assert np.array_equal(first, places(split.batches(BATCH, seed=0, steps=7)))
    assert not np.array_equal(first, places(split.batches(BATCH, seed=1, steps=7)))


@pytest.mark.parametrize("first", [1, PER_EPOCH - 1, PER_EPOCH, 2 * PER_EPOCH + 3])
@pytest.mark.parametrize("shuffle", [True, False])
def test_resumes_exactly(split, first, shuffle):
    whole = places(split.batches(BATCH, seed=5, steps=first + 6, shuffle=shuffle))
    assert np.array_equal(
        places(split.batches(BATCH, seed=5, first_step=first, steps=6, shuffle=shuffle)), whole[first:]
    )


@pytest.mark.parametrize("workers", [2, 4])
def test_shares_together_are_the_batch(split, workers):
    whole = places(split.batches(BATCH, seed=2, first_step=3, steps=9))
    parts = [places(split.batches(BATCH, seed=2, first_step=3, steps=9, share=(w, workers))) for w in range(workers)]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_without_shuffling_the_order_is_the_stored_one(split):
    twice = places(split.batches(BATCH, seed=0, steps=2 * PER_EPOCH, shuffle=False)).reshape(2, -1)
    assert np.array_equal(twice, np.tile(np.arange(PER_EPOCH * BATCH), (2, 1)))


def test_batches_are_typed_and_endless(split):
    stream = split.batches(BATCH, seed=0)
    assert stream.element_spec == {
        "image": tf.TensorSpec((BATCH, 3, 2, 1), tf.float32),
        "label": tf.TensorSpec((BATCH,), tf.int64),
    }
    assert len(places(stream.take(5 * PER_EPOCH))) == 5 * PER_EPOCH
    assert len(places(split.batches(BATCH, seed=0, steps=3))) == 3
    options = stream.options()
    assert options.autotune.enabled is False
    assert options.deterministic is True
    off = tf.data.experimental.AutoShardPolicy.OFF
    assert options.experimental_distribute.auto_shard_policy == off


@pytest.mark.parametrize("limit", [None, 5, 1000])
def test_arrays_are_the_first_examples_in_order(split, limit):
    arrays = split.arrays(limit)
    x, labels = arrays["image"], arrays["label"]
    expected = PIXELS[:limit].astype(np.float32) / 127.5 - 1
    assert x.dtype == np.float32
    assert labels.dtype == np.int64
    assert np.array_equal(x, expected)
    assert np.array_equal(labels, LABELS[:limit])
    assert split.count == COUNT


def test_two_replicas_see_one_batch(split, two_replicas):
    iterator = strategy.iterate(two_replicas, lambda w, n: split.batches(BATCH, seed=1, share=(w, n)))
    for expected in places(split.batches(BATCH, seed=1, steps=3)):
        seen = np.concatenate([x.numpy() for x in two_replicas.experimental_local_results(next(iterator)["image"])])
        assert np.array_equal(np.rint((seen[:, 0, 0, 0] + 1) * 127.5), expected)


@pytest.mark.parametrize("make", [from_files, from_stream])
def test_decodes_only_what_it_gives(make, tmp_path, monkeypatch):
    """Neither what a resumed run skips nor another worker's share; an epoch later, files are known already."""
    made, seen = make(tmp_path), []
    real = made.read
    object.__setattr__(made, "read", lambda source: seen.append(source) or real(source))
    places(made.batches(BATCH, seed=0, first_step=2 * PER_EPOCH + 2, steps=1, share=(1, 2)))
    assert len(seen) == BATCH // 2
    seen.clear()
    for _ in range(2):
        places(made.batches(BATCH, seed=0, steps=4 * PER_EPOCH))
    assert (len(seen) <= 2 * COUNT) == (make is from_files)


def test_larger_sets_are_not_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.data.splits._KEEP", PIXELS.nbytes - 1)
    made, seen = from_files(tmp_path), []
    real = made.read
    object.__setattr__(made, "read", lambda source: seen.append(source) or real(source))
    assert len(places(made.batches(BATCH, seed=0, steps=4 * PER_EPOCH))) == 4 * PER_EPOCH
    assert len(seen) == 4 * PER_EPOCH * BATCH


def test_permutations_are_random():
    """Of a uniform permutation of N, on average one point is fixed and (N - 1) / N neighbours stay neighbours."""
    count, epochs = 1801, 60
    split = Arrays({"vector": np.zeros((count, 1), np.float32), "label": np.arange(count)})
    orders = [
        np.concatenate([b["label"] for b in split.batches(count, seed=s, steps=epochs // 2).as_numpy_iterator()])
        for s in range(2)
    ]
    orders = np.concatenate(orders).reshape(epochs, count)
    assert all(np.array_equal(np.sort(order), np.arange(count)) for order in orders)
    # Both numbers are Poisson(1) in each epoch: 60 of them have a mean within 5 / sqrt(60) of 1.
    assert np.mean(np.sum(orders == np.arange(count), axis=1)) == pytest.approx(1, abs=0.65)
    assert np.mean(np.sum(np.diff(orders, axis=1) == 1, axis=1)) == pytest.approx(1, abs=0.65)
    assert np.mean(np.sum(orders[1:] == orders[:-1], axis=1)) == pytest.approx(1, abs=0.65)


def test_the_stream_mixes_further_than_one_batch():
    split = Stream(from_stream(None).source, lambda c: decode(c, "it"), COUNT, "image", (3, 2, 1), buffer=2)
    narrow = places(split.batches(1, seed=0, steps=COUNT)).ravel()
    assert np.all(narrow <= np.arange(COUNT) + 1)
    wide = places(from_stream(None).batches(1, seed=0, steps=COUNT)).ravel()
    assert np.any(wide > np.arange(COUNT) + 5)


def test_too_few_examples_for_a_batch(split):
    with pytest.raises(data.DataError, match=r"23 examples, fewer than a batch of 24.*to 23 or less"):
        split.batches(COUNT + 1, seed=0)
    assert len(places(split.batches(COUNT, seed=0, steps=2))) == 2


def test_indivisible_batch(split):
    with pytest.raises(data.DataError, match=r"batch of 4 does not divide among 3 workers.*as 6"):
        split.batches(BATCH, seed=0, share=(0, 3))


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"first_step": -1}, {"share": (2, 2)}])
def test_impossible_arguments(split, wrong):
    with pytest.raises(ValueError, match="batch_size >= 1"):
        split.batches(**{"batch_size": BATCH, "seed": 0, **wrong})


def test_held_out_is_every_tenth_of_each_class():
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [40, 10, 25]))
    test = held_out(labels, 75)
    assert np.bincount(labels[test]).tolist() == [4, 1, 2]
    for label in range(3):
        assert np.flatnonzero(test[labels == label]).tolist() == list(range(9, (labels == label).sum(), 10))
    assert held_out(None, 3).tolist() == [False, False, True]
    with pytest.raises(data.DataError, match="There is 1 example"):
        held_out(np.zeros(1, int), 1)


def test_a_file_that_breaks_later_is_named(tmp_path, monkeypatch):
    """tf.data reports it; the message and `raised_in` name the file."""
    monkeypatch.setattr("zoo.data.splits._KEEP", 0)  # so it is read again
    for i in range(20):
        (tmp_path / f"{i:02d}.png").write_bytes(png(np.full((64, 64, 1), 5 * i, np.uint8)))
    split = data.load(str(tmp_path)).train
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 1)).astype(np.uint8)
    (tmp_path / "04.png").write_bytes(png(noise)[:2000])
    with pytest.raises(tf.errors.OpError, match=r"04\.png") as caught:
        list(itertools.islice(split.batches(6, seed=0), 3))
    error = data.raised_in(caught.value)
    assert str(error).startswith(f"{tmp_path / '04.png'} cannot be read as an image")
    assert "\n" not in str(error)
    assert data.raised_in(ValueError("something else")) is None
    with pytest.raises(data.DataError, match=r"04\.png cannot be read as an image \(.*\)\. Replace it"):
        split.arrays()

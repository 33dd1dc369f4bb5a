"""Inputs and shards of batch jobs."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving import Signature, TensorSpec
from serving.batch import Combined, JobError, Labels, Seeds, read_inputs
from serving.batch.fitting import Fitted
from serving.batch.shards import save
from serving.protocol import examples, records
from serving.protocol.files import write_whole
from zoo import data

RANDOM = np.random.default_rng(0)


def written(path, payloads):
    write_whole(path, lambda file: records.write(file, payloads))
    return path


def test_seeds_have_their_labels_wherever_a_job_begins():
    whole = Seeds(0, 20, [4, 5, 6]).take(0, 20)
    part = Seeds(7, 20, [4, 5, 6])
    assert part.count == 13
    assert all(np.array_equal(part.take(2, 6)[name], whole[name][9:13]) for name in ("seed", "label"))
    assert whole["label"].tolist()[:4] == [4, 5, 6, 4]
    with pytest.raises(JobError, match="STOP above START"):
        Seeds(3, 3)


def test_labels_for_rows_that_have_none(tmp_path):
    rows = Combined(archive(tmp_path, images=PIXELS), Labels(5, [7, 8]))
    inputs, address = fitted(rows, images=IMAGES, label=TensorSpec("int64", (None,))).take(1, 4)
    assert inputs["label"].tolist() == address["label"].tolist() == [8, 7, 8]
    assert rows.describe()["labels"] == [7, 8]


PIXELS = RANDOM.integers(0, 256, (5, 4, 6, 3), np.uint8)


def as_images(folder):
    for i, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(folder / f"{i}.png")


def as_archives(folder):
    np.savez(folder / "a.npz", images=PIXELS[:2])
    np.savez(folder / "b.npz", images=PIXELS[2:])


def as_raw_records(folder):
    sides = {"height": 4, "width": 6, "channels": 3}
    rows = [examples.example({"image_raw": p.tobytes(), **sides}).SerializeToString() for p in PIXELS]
    written(folder / "x.tfrecord", rows)


def as_png_records(folder):
    rows = [examples.example({"image": tf.io.encode_png(p).numpy()}).SerializeToString() for p in PIXELS]
    written(folder / "x.tfrecord-0", rows[:1])
    written(folder / "x.tfrecord-1", rows[1:])


@pytest.mark.parametrize("write", [as_images, as_archives, as_raw_records, as_png_records])
def test_images_are_the_same_rows_wherever_they_come_from(write, tmp_path):
    write(tmp_path)
    rows = read_inputs(tmp_path)
    assert rows.count == 5
    for start in range(5):
        for stop in range(start + 1, 6):
            assert np.array_equal(rows.take(start, stop)["images"], PIXELS[start:stop])
    before = json.dumps(rows.describe())
    (tmp_path / sorted(p.name for p in tmp_path.iterdir())[0]).touch()
    assert json.dumps(read_inputs(tmp_path).describe()) == before


def test_other_contents_are_other_inputs(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 2)))
    before = read_inputs(tmp_path).describe()
    np.savez(tmp_path / "a.npz", x=np.eye(3, 2))
    assert read_inputs(tmp_path).describe() != before


def spoilt_archive(folder):
    (folder / "a.npz").write_bytes(b"PK\x03\x04")


def ragged_archive(folder):
    np.savez(folder / "a.npz", x=np.zeros((3, 2)), y=np.zeros(2))


def pickled_archive(folder):
    np.savez(folder / "a.npz", x=np.array([{}], object))


def spoilt_image(folder):
    (folder / "a.png").write_bytes(b"\x89PNG")


def float_image(folder):
    Image.fromarray(np.zeros((3, 3), np.float32)).save(folder / "a.tif")


def unequal_images(folder):
    Image.new("L", (3, 4)).save(folder / "a.png")
    Image.new("L", (4, 3)).save(folder / "b.png")


def cut_records(folder):
    (folder / "a.tfrecord").write_bytes(written(folder / "x", [b"123"]).read_bytes()[:-1])


def no_examples(folder):
    written(folder / "a.tfrecord", [b"\xff\xff"])


def bytes_without_sides(folder):
    written(folder / "a.tfrecord", [examples.example({"image_raw": b"1234", "height": 2}).SerializeToString()])


def nothing(folder):
    (folder / "a.txt").touch()


def no_rows(folder):
    np.savez(folder / "a.npz", x=np.zeros((0, 2)))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (spoilt_archive, "cannot be read as an .npz"),
        (ragged_archive, r"same rows in dimension 0; they are x \[3, 2\], y \[2\]"),
        (pickled_archive, "cannot be read as an .npz of numeric arrays"),
        (spoilt_image, "a.png cannot be read as an image"),
        (float_image, r"a.tif has 32 bits a pixel \(mode F\)"),
        (unequal_images, r"differ: images \[4, 3, 1\] and images \[3, 4, 1\]"),
        (cut_records, "not a whole, uncompressed TFRecord file"),
        (no_examples, "record 0 of .* cannot be read"),
        (bytes_without_sides, "image_raw whose size is not height"),
        (nothing, "no inputs of a known format"),
        (no_rows, "has no rows"),
    ],
)
def test_inputs_that_cannot_be_read(write, message, tmp_path):
    write(tmp_path)
    with pytest.raises(JobError, match=message):
        read_inputs(tmp_path).take(0, 2)


IMAGES = TensorSpec("float32", (None, 4, 6, 3))


def fitted(rows, **inputs):
    return Fitted(rows, "m:f", Signature(inputs, {}))


def archive(folder, **arrays):
    np.savez(folder / "inputs.npz", **arrays)
    return read_inputs(folder / "inputs.npz")


def test_bytes_become_floats_and_the_only_array_the_only_input(tmp_path):
    rows = archive(tmp_path, whatever=PIXELS, label=np.arange(5))
    inputs, address = fitted(rows, images=IMAGES).take(1, 3)
    np.testing.assert_allclose(inputs["images"], PIXELS[1:3] / 255, rtol=1e-6)
    assert inputs["images"].dtype == np.float32
    assert address["label"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("array", "spec", "expected"),
    [
        (np.zeros((2, 4, 6), np.uint8), TensorSpec("float32", (None, 4, 6, 1)), (2, 4, 6, 1)),
        (np.zeros((2, 24), np.float64), TensorSpec("float32", (None, 4, 6, 1)), (2, 4, 6, 1)),
        (np.zeros((2, 1), np.int32), TensorSpec("int64", (None,)), (2,)),
        (np.zeros((2, 4, 6, 1), np.uint8), IMAGES, (2, 4, 6, 3)),
        (np.zeros((2, 9), np.float32), TensorSpec("float32", None), (2, 9)),
    ],
)
def test_rows_take_the_inputs_shape(array, spec, expected, tmp_path):
    inputs, _ = fitted(archive(tmp_path, x=array), x=spec).take(0, 2)
    assert inputs["x"].shape == expected
    assert inputs["x"].dtype == spec.dtype


def test_colour_becomes_grey_as_pillow_does_it(tmp_path):
    inputs, _ = fitted(archive(tmp_path, x=PIXELS), x=TensorSpec("float32", (None, 4, 6, 1))).take(0, 5)
    pillow = np.stack([np.asarray(Image.fromarray(p).convert("L")) for p in PIXELS])
    assert np.abs(inputs["x"][..., 0] * 255 - pillow).max() <= 1


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 6, 4, 3), np.float32), r"takes rows of shape \[4, 6, 3\]; received \[6, 4, 3\]"),
        (np.zeros((2, 4, 6, 3), np.int64), "takes float32; received int64"),
    ],
)
def test_rows_that_do_not_fit(array, message, tmp_path):
    with pytest.raises(JobError, match=message):
        fitted(archive(tmp_path, images=array), images=IMAGES).take(0, 2)


def test_names_that_do_not_fit(tmp_path):
    label, seed = TensorSpec("int64", (None,)), TensorSpec("int64", (None,))
    rows = archive(tmp_path, images=PIXELS)
    with pytest.raises(JobError, match=r"m:f takes seed, label; received seed. Missing: label. Give --labels."):
        fitted(Seeds(0, 2), seed=seed, label=label)
    with pytest.raises(JobError, match=r"m:f takes seed, not label\. Leave it out"):
        fitted(Seeds(0, 2, [1]), seed=seed)
    with pytest.raises(JobError, match=r"Missing: a, b\. Name the arrays like the inputs"):
        fitted(rows, a=IMAGES, b=IMAGES)
    with pytest.raises(JobError, match="have 5 and 4 rows"):
        Combined(rows, Seeds(0, 4))
    assert fitted(Combined(rows, Seeds(0, 5)), images=IMAGES, seed=seed).take(0, 1)[0]["seed"].tolist() == [0]


@pytest.mark.parametrize("form", ["npz", "tfrecord"])
def test_shards_of_images_are_data_for_the_zoo(form, tmp_path):
    images = (PIXELS / np.float32(255)).repeat(4, axis=0)
    columns = {"images": images, "seed": np.arange(20), "label": np.arange(20) % 2}
    first, second = tmp_path / f"first.{form}", tmp_path / f"second.{form}"
    for path in (first, second):
        save(path, form, columns)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(tmp_path.iterdir()) == [first, second]
    loaded = data.load(str(first))
    assert (loaded.spec.shape, loaded.spec.classes) == ((4, 6, 3), 2)
    rows = np.concatenate([split.arrays(20)["image"] for split in (loaded.train, loaded.test)])
    ours = np.sort(np.rint((rows + 1) * 127.5).astype(int).reshape(20, -1), axis=0)
    assert np.array_equal(ours, np.sort(np.rint(images * 255).astype(int).reshape(20, -1), axis=0))


def test_other_outputs_in_records(tmp_path):
    columns = {"codes": np.arange(6, dtype=np.float32).reshape(2, 3), "words": np.array([b"a", b"b"], object)}
    save(tmp_path / "x.tfrecord", "tfrecord", columns)
    found = [examples.features(r) for r in records.read(records.index(tmp_path / "x.tfrecord"))]
    assert [f["codes"].tolist() for f in found] == [[0, 1, 2], [3, 4, 5]]
    assert [f["words"].tolist() for f in found] == [[b"a"], [b"b"]]
    assert read_inputs(tmp_path).take(0, 2)["codes"].shape == (2, 3)
    written(tmp_path / "y.tfrecord", [examples.example({"a": [1]}).SerializeToString()])
    with pytest.raises(JobError, match="differ"):
        read_inputs(tmp_path).take(0, 3)

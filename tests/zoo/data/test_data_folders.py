"""Folders and archives of images as people have them: layouts, captions, broken files, what systems add."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from zoo.data import DataError, load

RNG = np.random.default_rng(0)


def picture(shape=(6, 5, 3)):
    out = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, shape).astype(np.uint8).squeeze()).save(out, "PNG")
    return out.getvalue()


def write(root, *names, content=None):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(picture() if content is None else content)


def numbered(folder, count):
    return [f"{folder}/{i:02d}.png" for i in range(count)]


def sources(split):
    return [p.name for p in split.sources]


# Layouts.


@pytest.mark.parametrize("held", ["val", "valid", "Validation", "test", "TESTING"])
def test_folders_of_splits_are_no_classes(tmp_path, held):
    write(tmp_path, *numbered("train", 5), *numbered(held, 3))
    made = load(str(tmp_path))
    assert (made.train.count, made.test.count) == (5, 3)
    assert "label" not in made.spec.features


def test_the_layout_of_imagenet(tmp_path):
    """Classes below train and val, and pictures without a class for testing."""
    for split, count in (("train", 4), ("val", 2)):
        write(tmp_path, *numbered(f"{split}/bee", count), *numbered(f"{split}/cat", count))
    write(tmp_path, *numbered("test", 7))
    made = load(str(tmp_path))
    assert (made.train.count, made.test.count) == (8, 4)
    assert made.spec.features["label"].names == ("bee", "cat")
    assert made.test.arrays()["label"].tolist() == [0, 0, 1, 1]
    assert made.notes.left_out == ("7 files of test",)


def test_the_layout_of_pix2pix(tmp_path):
    write(tmp_path, *numbered("train", 6), *numbered("val", 4), *numbered("test", 3))
    made = load(str(tmp_path))
    assert (made.train.count, made.test.count) == (6, 3)
    assert made.notes.left_out == ("4 files of val",)


def test_the_layout_of_cyclegan_is_two_domains(tmp_path):
    for name, count in (("trainA", 6), ("trainB", 5), ("testA", 3), ("testB", 2)):
        write(tmp_path, *numbered(name, count))
    made = load(str(tmp_path))
    assert made.spec.targets == ("a", "b")
    assert [(split.first.count, split.second.count) for split in (made.train, made.test)] == [(6, 5), (3, 2)]
    assert {p.parent.name for p in made.train.first.sources} == {"trainA"}
    assert {p.parent.name for p in made.test.second.sources} == {"testB"}
    assert next(iter(made.train.batches(4, seed=0)))["b"].shape == (4, 6, 5, 3)


def test_a_class_may_be_called_train(tmp_path):
    write(tmp_path, *numbered("train", 3), *numbered("bus", 3))
    assert load(str(tmp_path)).spec.features["label"].names == ("bus", "train")


def test_a_stray_picture_beside_class_folders_is_said(tmp_path):
    write(tmp_path, *numbered("a", 10), *numbered("b", 10), "stray.png")
    made = load(str(tmp_path))
    assert made.spec.classes == 2
    assert made.train.count + made.test.count == 20
    assert made.notes.left_out == ("1 file without a class, beside the class folders",)
    write(tmp_path, *[f"{i}.png" for i in range(9)])
    made = load(str(tmp_path))
    assert made.spec.classes == 0
    assert made.train.count + made.test.count == 30
    assert "10 files lie beside the folders a, b: so these are no classes" in made.summary


# What systems add, archives.


def test_a_folder_zipped_on_a_mac_is_the_same_folder(tmp_path):
    write(tmp_path / "photos", *numbered("cat", 6), *numbered("dog", 5))
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for file in (tmp_path / "photos").rglob("*.png"):
            name = str(file.relative_to(tmp_path))
            archive.write(file, name)
            archive.writestr(f"__MACOSX/{name.replace('/', '/._', 1)}", b"\0\5\26\7")
        archive.writestr("photos/.DS_Store", b"\0\0\0\1Bud1")
        archive.writestr("photos/cat/._x.png", b"\0\5\26\7")
    made, folder = load(str(tmp_path / "photos.zip")), load(str(tmp_path / "photos"))
    assert made.spec == folder.spec
    assert made.spec.features["label"].names == ("cat", "dog")
    assert made.notes.left_out == ()
    for mine, theirs in ((made.train, folder.train), (made.test, folder.test)):
        assert all(np.array_equal(x, theirs.arrays()[key]) for key, x in mine.arrays().items())


def test_broken_archives_are_named(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(DataError, match=r"a\.zip cannot be read as a zip archive .*Zip it again"):
        load(str(tmp_path / "a.zip"))


def test_other_files_are_counted(tmp_path):
    write(tmp_path, *numbered("a", 4), "notes.txt", "a/x.heic", "a/y.heic", ".DS_Store", "Thumbs.db")
    assert load(str(tmp_path)).notes.left_out == ("2 .heic", "1 .txt")


def test_animated_and_transparent_pictures_are_said(tmp_path):
    frames = [Image.fromarray(np.full((6, 5, 3), v, np.uint8)) for v in (255, 0)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    clear = np.zeros((6, 5, 4), np.uint8)
    Image.fromarray(clear).save(tmp_path / "b.png")
    made = load(str(tmp_path))
    assert (made.train.arrays()["image"] == 1).all()
    assert "of 1 animated file the first frame is used" in made.notes.warnings
    assert any("1 image has transparent pixels, laid on white" in text for text in made.notes.warnings)
    assert load(str(tmp_path), channels=4).test.arrays()["image"][0, 0, 0].tolist() == [-1, -1, -1, -1]
    assert (load(str(tmp_path), background="#000000").test.arrays()["image"] == -1).all()


def test_transparent_pixels_give_no_colour_when_images_shrink(tmp_path):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, ::2] = [255, 0, 0, 255]
    pixels[:, 1::2] = [0, 255, 0, 0]
    for name in ("a.png", "b.png"):
        Image.fromarray(pixels).save(tmp_path / name)
    (small,) = load(str(tmp_path), size=4, channels=4).train.arrays()["image"]
    assert small[..., 0] == pytest.approx(1, abs=0.01)
    assert small[..., 1] == pytest.approx(-1, abs=0.01)
    assert small[1:3, 1:3, 3] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("values", "top"), [(np.uint8([0, 1]), 1), (np.uint8([0, 19]), 19), (np.uint16([0, 4000]), 4095)]
)
def test_dark_files_are_said_with_the_flag_that_rescales(tmp_path, values, top):
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(np.resize(values, (6, 5))).save(tmp_path / name)
    assert f"--range=0,{top} rescales" in load(str(tmp_path)).summary
    bright = load(str(tmp_path), range=(0, top))
    assert bright.notes.warnings == ()
    assert bright.train.arrays()["image"].max() == pytest.approx(2 * values[1] / top - 1, abs=1 / 255)


# Broken files.


def test_broken_files_are_all_named_at_once(tmp_path):
    write(tmp_path, *numbered("x", 12))
    write(tmp_path, "x/03.png", content=b"no image")
    write(tmp_path, "x/07.png", content=picture((64, 64, 3))[:3000])  # its header is whole
    with pytest.raises(DataError, match=r"2 of 12 files cannot be read.*--skip-broken") as caught:
        load(str(tmp_path), size=6)
    assert "03.png" in str(caught.value)
    assert "07.png" in str(caught.value)
    made = load(str(tmp_path), size=6, skip_broken=True)
    assert made.train.count + made.test.count == 10
    assert made.notes.left_out == ("2 broken files",)
    assert not {"03.png", "07.png"} & {*sources(made.train), *sources(made.test)}


def test_of_very_many_broken_files_the_first_are_named(tmp_path):
    write(tmp_path, "good.png")
    write(tmp_path, *numbered("x", 30), content=b"no image")
    with pytest.raises(DataError, match=r"30 of 31 files") as caught:
        load(str(tmp_path))
    assert str(caught.value).count("cannot be read as an image") == 10
    assert str(caught.value).endswith("and 20 more")


# Captions.

CAPTIONS = {
    "captions.txt": "a/00.png\ta red dot\na/01.png\ta blue dot\n",
    "captions.csv": 'file,caption\na/00.png,a red dot\na/01.png,"a blue dot"\n',
    "metadata.csv": "file_name,text\na/00.png,a red dot\na/01.png,a blue dot\n",
    "metadata.jsonl": '{"file_name": "a/00.png", "text": "a red dot"}\n'
    '{"file_name": "a/01.png", "text": "a blue dot"}\n',
    "captions.jsonl": '{"image": "00.png", "caption": "a red dot"}\n{"image": "01.png", "caption": "a blue dot"}\n',
    "a/captions.txt": "00.png,a red dot\n01.png,a blue dot\n",
}


@pytest.mark.parametrize("name", CAPTIONS)
def test_a_file_of_captions_is_a_feature(tmp_path, name):
    write(tmp_path, *numbered("a", 2))
    (tmp_path / name).write_text(CAPTIONS[name])
    made = load(str(tmp_path))
    assert made.notes == made.notes.__class__(made.notes.values)
    caption = made.spec.features["caption"]
    (train,), (test,) = (
        caption.to_wire("t", split.arrays()["caption"])["t"].numpy() for split in (made.train, made.test)
    )
    assert train == b"a red dot"
    assert test == b"a  dot"  # a word that no training caption has is unknown


def test_a_text_beside_each_image_is_its_caption(tmp_path):
    write(tmp_path, *numbered("a", 3))
    for i, text in enumerate(("one two", "two one", "one")):
        (tmp_path / f"a/{i:02d}.txt").write_text(text + "\n")
    made = load(str(tmp_path))
    assert made.spec.features["caption"].names == ("one", "two")
    assert made.train.arrays()["caption"].tolist() == [[1, 2], [2, 1]]


def test_captions_that_are_missing_or_too_many_are_said(tmp_path):
    write(tmp_path, *numbered("a", 3))
    (tmp_path / "captions.txt").write_text("00.png\tx\n00.png\ty\n01.png\tz\n")
    assert set(load(str(tmp_path)).notes.warnings) == {
        "1 image has no caption",
        "1 further caption of the same images is not used",
    }
    (tmp_path / "captions.txt").write_text("9.png\tx\n")
    with pytest.raises(DataError, match=r"The captions name 9\.png, and no such image is there"):
        load(str(tmp_path))
    (tmp_path / "captions.txt").write_text("00.png\tx\n01.png\n")
    with pytest.raises(DataError, match=r"Line 2 of .*captions\.txt has no caption"):
        load(str(tmp_path))


def test_the_fingerprint_tells_a_folder_that_has_grown(tmp_path):
    write(tmp_path, *numbered("a", 12))
    first = load(str(tmp_path)).fingerprint
    assert load(str(tmp_path)).fingerprint == first
    write(tmp_path, "a/99.png")
    assert load(str(tmp_path)).fingerprint != first

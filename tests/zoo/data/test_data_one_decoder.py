"""Training, batch jobs and explanations read the same pixels of the same file."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explain import read_image
from serving.batch import inputs
from serving.protocol.images import decode
from zoo.data import load

RNG = np.random.default_rng(0)
GREY, COLOUR = RNG.integers(0, 256, (5, 4)).astype(np.uint8), RNG.integers(0, 256, (5, 4, 3)).astype(np.uint8)
ALPHA = RNG.integers(0, 256, (5, 4, 1)).astype(np.uint8)


def encoded(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


CASES = {
    "upright.jpg": lambda: encoded(Image.fromarray(COLOUR), "JPEG", exif=turned(6)),
    "sixteen-bit.png": lambda: encoded(Image.fromarray(GREY.astype(np.uint16) * 257)),
    "palette.gif": lambda: encoded(Image.fromarray(COLOUR).convert("P"), "GIF"),
    "picture.tif": lambda: encoded(Image.fromarray(COLOUR), "TIFF"),
    "picture.pgm": lambda: encoded(Image.fromarray(GREY), "PPM"),
    "four-inks.jpg": lambda: encoded(Image.fromarray(COLOUR).convert("CMYK"), "JPEG"),
    "hidden-under-alpha.png": lambda: encoded(Image.fromarray(np.concatenate([COLOUR, ALPHA], 2))),
    "picture.jfif": lambda: encoded(Image.fromarray(COLOUR), "JPEG"),
    "picture.avif": lambda: encoded(Image.fromarray(COLOUR), "AVIF"),
    "turned.webp": lambda: encoded(Image.fromarray(COLOUR), "WEBP", exif=turned(8)),
    "noending": lambda: encoded(Image.fromarray(COLOUR)),
}


@pytest.mark.parametrize("name", CASES)
def test_training_batch_jobs_and_explanations_read_the_same_pixels(name, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(CASES[name]())
    expected = decode(Path(tmp_path / "a" / name), name)
    (trained,) = load(str(tmp_path)).train.arrays()["image"]
    (sent,) = inputs.read(tmp_path / "a").take(0, 1)["images"]
    assert np.array_equal(np.rint((trained + 1) * 127.5), expected)
    assert np.array_equal(sent, expected)
    assert np.array_equal(read_image(tmp_path / "a" / name), expected.astype(np.float32) / np.float32(255))

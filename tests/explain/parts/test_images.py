"""Picture files -> images as the models take them."""

import numpy as np
import pytest
from PIL import Image

from explain import RequestError, read_image


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)


def test_colour_and_grey_pictures_keep_their_values(pixels, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "colour.png")
    Image.fromarray(pixels[..., 0]).save(tmp_path / "grey.png")
    colour, grey = read_image(tmp_path / "colour.png"), read_image(tmp_path / "grey.png")
    assert colour.dtype == grey.dtype == np.float32
    np.testing.assert_allclose(colour, pixels / 255, atol=1e-7)
    np.testing.assert_allclose(grey, pixels[..., :1] / 255, atol=1e-7)


def test_the_shape_decides_on_grey_or_colour(pixels, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "colour.png")
    Image.fromarray(pixels[..., 0]).save(tmp_path / "grey.png")
    luma = pixels @ [0.299, 0.587, 0.114] / 255
    np.testing.assert_allclose(read_image(tmp_path / "colour.png", (6, 4, 1))[..., 0], luma, atol=1 / 255)
    tripled = read_image(str(tmp_path / "grey.png"), (None, None, 3))
    np.testing.assert_allclose(tripled, np.repeat(pixels[..., :1] / 255, 3, axis=2), atol=1e-7)


@pytest.mark.parametrize("shape", [(6, 5, 3), (5, 4, 3), (None, 5, None)])
def test_another_size_is_refused_not_resized(pixels, tmp_path, shape):
    Image.fromarray(pixels).save(tmp_path / "p.png")
    with pytest.raises(RequestError, match=r"4 pixels wide and 6 high; the model takes .* Crop and resize"):
        read_image(tmp_path / "p.png", shape)


def test_files_that_are_no_pictures_are_refused(tmp_path):
    (tmp_path / "p.png").write_text("hello")
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "floats.tif")
    for name in ("p.png", "missing.png", "."):
        with pytest.raises(RequestError, match="cannot be read as an image"):
            read_image(tmp_path / name)
    with pytest.raises(RequestError, match=r"32 bits a pixel \(mode F\)"):
        read_image(tmp_path / "floats.tif")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "ok.png")
    with pytest.raises(RequestError, match=r"ok\.png is to have 2\. Call explain\.explain with an array"):
        read_image(tmp_path / "ok.png", (4, 4, 2))

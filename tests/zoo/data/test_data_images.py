"""Decoding, colour, size and range against closed forms."""

import io

import numpy as np
import pytest
import tensorflow as tf

from zoo.core.features import from_unit, to_unit
from zoo.data import DataError
from zoo.data.form import Format
from zoo.data.images import conform, normalise, stored

RNG = np.random.default_rng(0)


def encoded(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_bytes_map_onto_the_whole_range():
    x = np.arange(256, dtype=np.uint8)
    y = normalise(x)
    assert y.dtype == np.float32
    assert (y[0], y[255]) == (-1, 1)
    assert np.allclose(np.diff(y), 2 / 255)
    assert np.array_equal(normalise(tf.constant(x)), y)
    floats = RNG.uniform(-1, 1, 5).astype(np.float32)
    assert normalise(floats) is floats


def test_wire_and_back():
    x = np.array([-1, -0.5, 0, 1, 1.5], np.float32)
    assert to_unit(x).tolist() == [0, 0.25, 0.5, 1, 1.25]
    assert np.array_equal(from_unit(to_unit(x)), x)
    assert np.array_equal(from_unit(to_unit(tf.constant(x))), x)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (5, 7, 1), (64, 40, 3)])
def test_constant_images_stay_constant(dtype, shape):
    for source in [(13, 11, 1), (13, 11, 3), (100, 3, 3)]:
        value = dtype(77) if dtype is np.uint8 else dtype(0.3)
        out = conform(np.full((2, *source), value, dtype), shape)
        assert out.shape == (2, *shape)
        assert out.dtype == dtype
        assert out.astype(float) == pytest.approx(float(value), abs=1e-6)


def test_shrinking_weighs_the_whole_picture():
    """Antialiased: far from the border every input pixel counts, so that noise shrinks like an average of it."""
    x = RNG.uniform(-1, 1, (1, 64, 64, 1)).astype(np.float32)
    small = conform(x, (16, 16, 1))
    assert small.mean() == pytest.approx(x.mean(), abs=0.01)
    # A triangle filter of half-width 4 keeps 1/4 sum(w^2) = (0.168)^2 of the variance in two dimensions.
    weights = 1 - np.abs(np.arange(-3.5, 4)) / 4
    kept = np.sum((weights / weights.sum()) ** 2)
    assert small.std() / x.std() == pytest.approx(kept, rel=0.15)
    checks = (np.indices((64, 64)).sum(0) % 2 * 2.0 - 1)[None, ..., None].astype(np.float32)
    assert np.abs(conform(checks, (16, 16, 1))[:, 1:-1, 1:-1]).max() < 1e-6


def test_bytes_and_floats_resize_alike():
    x = RNG.integers(0, 256, (3, 20, 30, 3)).astype(np.uint8)
    for shape in [(32, 32, 3), (7, 9, 3), (7, 9, 1)]:
        assert normalise(conform(x, shape)) == pytest.approx(conform(normalise(x), shape), abs=2.1 / 255)


def test_a_ramp_stays_a_ramp():
    ramp = np.linspace(-1, 1, 8, dtype=np.float32)[None, :, None] * np.ones((4, 1, 1), np.float32)
    wide = conform(ramp, (4, 32, 1))[0, :, 0]
    step = 2 / 7 / 4
    assert np.diff(wide[2:-2]) == pytest.approx(step, abs=1e-5)
    assert np.array_equal(conform(ramp.transpose(1, 0, 2), (32, 4, 1))[:, 0, 0], wide)


def test_colour_to_grey_is_luma():
    pure = np.eye(3, dtype=np.uint8)[:, None, None, :] * np.uint8(255)
    assert conform(pure, (1, 1, 1)).ravel().tolist() == [76, 150, 29]
    floats = np.eye(3, dtype=np.float32)[:, None, None, :]
    assert conform(floats, (1, 1, 1)).ravel() == pytest.approx([0.299, 0.587, 0.114])


def test_grey_to_colour_and_back_is_the_same():
    grey = RNG.integers(0, 256, (4, 6, 6, 1)).astype(np.uint8)
    colour = conform(grey, (6, 6, 3))
    assert np.array_equal(colour, np.repeat(grey, 3, axis=3))
    assert np.array_equal(conform(colour, (6, 6, 1)), grey)


def test_range_is_read_off_the_values():
    unit = RNG.uniform(0, 1, (5, 4, 4)).astype(np.float32)
    assert stored(unit, "x")[..., 0] == pytest.approx(2 * unit - 1)
    signed = (2 * unit - 1).astype(np.float64)
    assert np.array_equal(stored(signed, "x")[..., 0], signed.astype(np.float32))
    assert stored(unit * 255, "x")[..., 0] == pytest.approx(2 * unit - 1, abs=1e-6)
    whole = RNG.integers(0, 256, (5, 4, 4))
    for dtype in (np.uint8, np.int64, np.float64):
        out = stored(whole.astype(dtype), "x")
        assert out.dtype == np.uint8
        assert np.array_equal(out[..., 0], whole)
    assert stored(whole > 100, "x")[..., 0].tolist() == np.where(whole > 100, 255, 0).tolist()


def bad(value):
    x = np.zeros((4, 3, 3), np.float32)
    x[2, 0, 0] = value
    return x


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (bad(np.nan), r"SET holds 1 values that are NaN or infinite, the first in example 2. Remove or fill"),
        (bad(np.inf), r"SET holds 1 values that are NaN or infinite, the first in example 2. Remove or fill"),
        (bad(300), r"SET has values in \[0, 300\]; images are in \[0, 255\].*Rescale"),
        (bad(-2), r"SET has values in \[-2, 0\]; images are in.*Rescale"),
        (np.array([-1, 100.0])[:, None, None], r"SET has values in \[-1, 100\].*Rescale"),
        (np.array([-1, 1])[:, None, None], r"SET has values in \[-1, 1\].*as floats.*Rescale"),
        (np.array([0, 1])[:, None, None], r"SET has only 0 and 1, as integers.*astype\(bool\)"),
        (np.zeros((2, 3, 8, 8)), r"SET has the shape \(2, 3, 8, 8\).*channels last: x.transpose\(0, 2, 3, 1\)"),
        (np.zeros((2, 8, 8, 5)), r"SET has the shape \(2, 8, 8, 5\); images are .*1, 3 or 4\).*say its --kind"),
        (np.zeros((2, 3, 3), "U1"), r"SET holds values of type <U1.*astype"),
    ],
)
def test_arrays_that_are_no_images(x, message):
    with pytest.raises(DataError, match=message):
        stored(x, "SET")


def test_formats_are_checked():
    assert Format.of(32, None) == Format((32, 32), None)
    assert Format.of((20, 30), 3) == Format((20, 30), 3)
    for size in (0, -3, (1, 2, 3), (4, 0), "big"):
        with pytest.raises(DataError, match="size is a number of pixels"):
            Format.of(size, None)
    with pytest.raises(DataError, match=r"channels is 1 \(grey\), 3 \(colour\) or 4 \(colour with alpha\); received 2"):
        Format.of(None, 2)


def test_mixed_images_need_a_size_and_channels():
    pair = [("a.png", (5, 4, 1)), ("b.png", (5, 4, 3)), ("c.png", (6, 4, 3))]
    assert Format.of(8, 1).shape(pair) == (8, 8, 1)
    assert Format.of(None, 3).shape(pair[:2]) == (5, 4, 3)
    assert Format.of((9, 8), None).shape(pair[1:]) == (9, 8, 3)
    with pytest.raises(DataError, match=r"a\.png is grey and b\.png is colour\. Give channels"):
        Format().shape(pair)
    with pytest.raises(DataError, match=r"b\.png is 5x4 and c\.png is 6x4 .*Give one size for all"):
        Format().shape(pair[1:])

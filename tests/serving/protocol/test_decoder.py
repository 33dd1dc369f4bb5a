"""The one decoder of pictures, against closed forms."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from serving.protocol import images
from serving.protocol.images import ImageError, decode, header

RNG = np.random.default_rng(0)
GREY, COLOUR = RNG.integers(0, 256, (5, 4)).astype(np.uint8), RNG.integers(0, 256, (5, 4, 3)).astype(np.uint8)
CORNERS = np.zeros((24, 32), np.uint8)
CORNERS[:8, :8], CORNERS[:8, -8:], CORNERS[-8:, :8] = 255, 170, 85


def encoded(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_lossless_files_come_back(kind, tmp_path):
    options = {"lossless": True} if kind == "WEBP" else {}
    for pixels in (GREY, COLOUR) if kind != "WEBP" else (COLOUR,):
        content = encoded(Image.fromarray(pixels), kind, **options)
        expected = pixels.reshape(5, 4, -1)
        assert header(content, "it").shape == expected.shape
        assert np.array_equal(decode(content, "it"), expected)
        (tmp_path / "file").write_bytes(content)
        assert header(tmp_path / "file", "it").shape == expected.shape
        assert np.array_equal(decode(tmp_path / "file", "it"), expected)


def test_every_mode_becomes_grey_or_colour():
    grey, colour = Image.fromarray(GREY), Image.fromarray(COLOUR)
    deep = Image.fromarray(GREY.astype(np.uint16) * 257)
    for image in (grey.convert("LA"), deep):
        assert header(encoded(image), "it").shape == (5, 4, 1)
        assert np.array_equal(decode(encoded(image), "it")[..., 0], GREY)
    black_and_white = decode(encoded(Image.fromarray(GREY > 127)), "it")[..., 0]
    assert np.array_equal(black_and_white, np.where(GREY > 127, 255, 0))
    assert np.array_equal(decode(encoded(colour.convert("RGBA")), "it"), COLOUR)
    palette = colour.convert("P", palette=Image.Palette.ADAPTIVE)
    content = encoded(palette)
    assert header(content, "it").shape == (5, 4, 3)
    assert np.array_equal(decode(content, "it"), np.asarray(palette.convert("RGB")))
    with pytest.raises(ImageError, match=r"it has 32 bits a pixel \(mode F\).*Convert it to 8 bits"):
        decode(encoded(Image.fromarray(np.ones((3, 3), np.float32)), "TIFF"), "it")


# EXIF's eight orientations, as what undoes them (EXIF 2.32, section 4.6.4).
UPRIGHT = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.T,
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].T,
    8: lambda x: np.rot90(x),
}
LOSSLESS = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}, "AVIF": {"quality": 100}}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(kind, orientation):
    content = encoded(Image.fromarray(CORNERS), kind, exif=turned(orientation), **LOSSLESS.get(kind, {}))
    expected = UPRIGHT[orientation](CORNERS)
    pixels = decode(content, "it", channels=1)[..., 0]
    assert header(content, "it").shape[:2] == pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() <= 3


def test_exif_that_follows_the_pixels_of_a_png_counts():
    plain, exif = encoded(Image.fromarray(CORNERS)), turned(6).tobytes()[6:]
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    content = plain[:-12] + chunk + plain[-12:]
    assert header(content, "it").shape == (32, 24, 1)
    assert np.array_equal(decode(content, "it")[..., 0], UPRIGHT[6](CORNERS))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_become_eight(kind):
    content = encoded(Image.fromarray(GREY.astype(np.uint16) * 257), kind)
    assert header(content, "it") == images.Header(5, 4, 1, False, 65535, 1)
    assert np.array_equal(decode(content, "it")[..., 0], GREY)


@pytest.mark.parametrize(("top", "dtype"), [(4095, np.uint16), (1, np.uint8), (19, np.uint8), (1, np.float32)])
def test_a_span_says_what_is_black_and_white(top, dtype):
    values = (GREY / 255 * top).astype(dtype)
    content = encoded(Image.fromarray(values), "TIFF")
    assert decode(content, "it", span=(0, top))[..., 0] == pytest.approx(values / top * 255, abs=0.51)
    beyond = decode(content, "it", span=(top / 4, top / 2))[..., 0]
    assert (beyond[values <= top / 4] == 0).all()
    assert (beyond[values >= top / 2] == 255).all()


ALPHA = RNG.integers(0, 256, (5, 4, 1)).astype(np.uint8)


@pytest.mark.parametrize(("background", "value"), [("white", 255), ("black", 0), ("#404040", 64)])
def test_transparent_pixels_are_laid_on_a_background(background, value):
    share = ALPHA / 255
    for pixels, mode in ((COLOUR, "RGBA"), (GREY[..., None], "LA")):
        content = encoded(Image.fromarray(np.concatenate([pixels, ALPHA], axis=2), mode))
        assert header(content, "it").shape == pixels.shape
        assert header(content, "it").alpha
        expected = share * pixels + (1 - share) * value
        assert decode(content, "it", background=background) == pytest.approx(expected, abs=0.51)
        kept = decode(content, "it", channels=4)
        assert np.array_equal(kept, np.concatenate([np.repeat(pixels, 4 - pixels.shape[2], 2)[..., :3], ALPHA], 2))
    assert np.array_equal(images.laid_on(kept, background), decode(content, "it", channels=3, background=background))


def test_backgrounds_are_colours():
    with pytest.raises(ValueError, match=r"colour's name or #rrggbb, as in black or #808080; received 'glass'"):
        decode(encoded(Image.fromarray(GREY)), "it", background="glass")


def test_a_palette_with_transparent_entries_is_laid_on_too():
    palette = Image.fromarray(COLOUR).convert("P", palette=Image.Palette.ADAPTIVE)
    clear = np.asarray(palette) % 2 == 0
    content = encoded(palette, transparency=bytes([0, 255] * 10))
    pixels = decode(content, "it")
    assert (pixels[clear] == 255).all()
    assert np.array_equal(pixels[~clear], np.asarray(palette.convert("RGB"))[~clear])


def test_an_opaque_picture_with_alpha_is_itself():
    content = encoded(Image.fromarray(COLOUR).convert("RGBA"))
    assert np.array_equal(decode(content, "it"), COLOUR)
    assert np.array_equal(decode(encoded(Image.fromarray(COLOUR)), "it", channels=4)[..., 3], np.full((5, 4), 255))


def test_four_inks_become_colour():
    whole = np.zeros((8, 8, 3), np.uint8) + np.array([200, 40, 90], np.uint8)
    content = encoded(Image.fromarray(whole).convert("CMYK"), "JPEG", quality=100)
    assert decode(content, "it").astype(int) == pytest.approx(whole.astype(int), abs=4)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_of_several_frames_is_read_and_said(kind, caplog):
    frames = [Image.fromarray(np.full((5, 4, 3), v, np.uint8)) for v in (10, 200, 90)]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert header(content, "it").frames == 3
    assert (images.decode_first(content, "it") == 10).all()
    assert "it has 3 frames; the first one is read" in caplog.text


def test_a_phones_second_picture_is_no_animation():
    frames = [Image.fromarray(np.full((8, 8), v, np.uint8)) for v in (10, 200)]
    content = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:], exif=turned(6))
    assert header(content, "it").frames == 1
    assert decode(content, "it")[0, 0] == pytest.approx(10, abs=2)


def test_recolour_goes_between_one_three_and_four_channels():
    colour = COLOUR[None]
    grey = images.recolour(colour, 1)
    assert grey[..., 0] == pytest.approx(colour @ [0.299, 0.587, 0.114], abs=0.51)
    assert np.array_equal(images.recolour(images.recolour(grey, 3), 1), grey)
    assert np.array_equal(images.recolour(colour, 4)[..., :3], colour)
    assert (images.recolour(colour, 4)[..., 3] == 255).all()
    assert (images.recolour(colour.astype(np.float32) / 255, 4)[..., 3] == 1).all()
    assert images.recolour(colour, 3) is colour


def test_folders_are_searched_by_ending_and_by_content(tmp_path):
    content = encoded(Image.fromarray(GREY))
    for name in ("b/noending", "a.JFIF", "c.avif", ".hidden.png", "b/._a.png", "__MACOSX/a.png", ".git/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for name in ("README", "notes.txt", "photo.heic", "Thumbs.db", ".DS_Store", "desktop.ini"):
        (tmp_path / name).write_text("not a picture")
    pictures, others = images.find(tmp_path)
    assert [str(p.relative_to(tmp_path)) for p in pictures] == ["a.JFIF", "b/noending", "c.avif"]
    assert [p.name for p in others] == ["README", "notes.txt", "photo.heic"]


@pytest.mark.parametrize("content", [b"", b"no image", encoded(Image.fromarray(COLOUR))[:40], b"%!PS-Adobe-3.0 EPSF"])
def test_what_is_no_picture_is_named(content, tmp_path):
    with pytest.raises(ImageError, match=r"NAME cannot be read as an image \(.*\)\. Replace it or remove it"):
        decode(content, "NAME")
    with pytest.raises(ImageError, match="nowhere"):
        header(tmp_path / "nowhere", "nowhere")

"""Pictures: the one decoder, of training, batch jobs and explanations. Without TensorFlow.

A decoded picture is uint8 (H, W, C), upright as its EXIF says, the first frame of several. 16 bits become 8; palettes,
CMYK and the like become colour. Transparent pixels are laid on a background, or kept as a fourth channel.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageOps

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm", ".pbm"
)  # fmt: skip
"""Files with these endings are taken for pictures, and files with none whose content is one."""
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF", "TIFF", "PPM")
"""Pillow's names of what is read; a file's content decides which it is, not its name."""
BACKGROUND = "white"
"""What transparent pixels are laid on unless another colour is asked for."""

_GREY, _DEEP, _WIDE = ("1", "L", "LA", "La"), ("I;16", "I;16L", "I;16B", "I;16N"), ("I", "F")
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as in JPEG
_ORIENTATION, _QUARTER_TURNS = 0x0112, (5, 6, 7, 8)
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
"""All that Pillow raises for bytes that are no picture."""

Source = Path | bytes
Span = tuple[float, float]
"""The values that are black and white."""


class ImageError(Exception):
    """Bytes that are no picture, or one that cannot be read. The message names the picture and the repair."""


@dataclass(frozen=True)
class Header:
    """What is known of a picture before its pixels are read.

    Attributes:
      height, width: of the picture as it is decoded, upright.
      channels: 1 for grey, 3 for colour.
      alpha: whether it has transparent pixels besides.
      white: the largest value that a pixel of the file can have: 255, or 65535 for 16 bits.
      frames: more than 1 for an animated file.
    """

    height: int
    width: int
    channels: int
    alpha: bool
    white: int
    frames: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the decoded picture."""
        return self.height, self.width, self.channels


def header(source: Source, what: str, span: Span | None = None) -> Header:
    """Of an encoded picture. `what` names it in messages. Errors: ImageError, as `decode`."""
    try:
        with _opened(source) as image:
            _check_mode(image, what, span)
            height, width = image.height, image.width
            if _orientation(image) in _QUARTER_TURNS:
                height, width = width, height
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
            white = 65535 if _is_deep(image) else 255
            return Header(height, width, _channels(image), image.has_transparency_data, white, frames)
    except _BROKEN as error:
        raise _undecodable(what, error) from None


def decode(
    source: Source, what: str, *, channels: int | None = None, background: str = BACKGROUND, span: Span | None = None
) -> NDArray[np.uint8]:
    """An encoded picture as uint8 (H, W, C).

    Args:
      what: names it in messages.
      channels: 1 for grey, 3 for colour, 4 for colour with alpha; None for the picture's own, 1 or 3.
      background: the colour that transparent pixels are laid on, by name or as #rrggbb. Not where alpha is kept.
      span: the file's values that become 0 and 255, as (0, 4095) for 12 bits kept in 16; what is beyond them is cut
        off. None for all that the file's type can hold.

    Errors: ImageError, which names `what`; ValueError for a background that is no colour.
    """
    under = colour(background)
    try:
        with _opened(source) as image:
            _check_mode(image, what, span)
            ImageOps.exif_transpose(image, in_place=True)
            values, alpha = _values(image)
    except _BROKEN as error:
        raise _undecodable(what, error) from None
    pixels = _bytes(values, span)
    if channels == 4:
        opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8) if alpha is None else alpha
        return np.concatenate([recolour(pixels, 3), opaque], axis=2)
    if alpha is not None:
        pixels = _laid_on(pixels, alpha, under)
    return pixels if channels is None else recolour(pixels, channels)


def decode_first(source: Source, what: str, channels: int | None = None) -> NDArray[np.uint8]:
    """As `decode`, for single pictures: where only the first of several frames is read, a warning is logged."""
    frames = header(source, what).frames
    if frames > 1:
        logging.getLogger(__name__).warning("%s has %d frames; the first one is read.", what, frames)
    return decode(source, what, channels=channels)


def recolour(images: NDArray[Any], channels: int) -> NDArray[Any]:
    """Pictures (..., H, W, 1, 3 or 4), uint8 or floats in [0, 1] or [-1, 1], with so many channels, of the same type.

    Colour becomes grey by BT.601's luma, grey becomes colour by three equal channels. A fourth channel is left out, or
    added as 255 or 1: opaque.
    """
    own = images.shape[-1]
    if own == channels:
        return images
    if own == 4:
        return recolour(images[..., :3], channels)
    if channels == 4:
        opaque = np.full((*images.shape[:-1], 1), 255 if images.dtype == np.uint8 else 1, images.dtype)
        return np.concatenate([recolour(images, 3), opaque], axis=-1)
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    grey = images.astype(np.float32) @ _LUMA
    return (grey.round() if images.dtype == np.uint8 else grey).astype(images.dtype)[..., None]


def laid_on(images: NDArray[np.uint8], background: str = BACKGROUND) -> NDArray[np.uint8]:
    """Colours with alpha, uint8 (..., 4), on a background: (..., 3)."""
    return _laid_on(images[..., :3], images[..., 3:], colour(background))


@cache
def colour(background: str) -> tuple[int, int, int]:
    """A colour by name or as #rrggbb. Errors: ValueError."""
    try:
        return ImageColor.getrgb(background)[:3]
    except ValueError:
        raise ValueError(
            f"A background is a colour's name or #rrggbb, as in black or #808080; received {background!r}."
        ) from None


def find(root: Path) -> tuple[list[Path], list[Path]]:
    """The pictures under a folder, in the order of their names, and the other files there.

    Neither holds what no user means: hidden files and folders, and what Windows and macOS add (Thumbs.db,
    desktop.ini, __MACOSX).
    """
    files = sorted(p for p in root.rglob("*") if p.is_file() and not is_clutter(p.relative_to(root).parts))
    pictures = [p for p in files if is_picture(p)]
    chosen = set(pictures)
    return pictures, [p for p in files if p not in chosen]


def is_clutter(parts: Sequence[str]) -> bool:
    """Whether a path of these parts is hidden, or what an operating system adds by itself."""
    return any(part.startswith(".") or part in ("__MACOSX", "Thumbs.db", "desktop.ini") for part in parts)


def is_picture(source: Source) -> bool:
    """Whether a file's ending is a picture's; where it has none, or for bytes, whether the content is a picture."""
    if isinstance(source, Path) and source.suffix:
        return source.suffix.lower() in SUFFIXES
    try:
        with _opened(source):
            return True
    except _BROKEN:
        return False


def _opened(source: Source) -> Image.Image:
    return Image.open(BytesIO(source) if isinstance(source, bytes) else os.fspath(source), formats=FORMATS)


def _is_deep(image: Image.Image) -> bool:
    """Whether a pixel has 16 bits; those of a PGM come in 32."""
    return image.mode in _DEEP or (image.mode == "I" and image.format == "PPM")


def _orientation(image: Image.Image) -> int:
    """As the camera wrote it, 1 to 8, where the picture is still to be turned."""
    if image.format == "TIFF":  # Pillow turns it by itself, and its size with it
        return 1
    # Pillow reads all pixels of a PNG to see what follows them.
    said = image.format != "PNG" or {"exif", "xmp", "Raw profile type exif"} & set(image.info)
    file = vars(image)["fp"]
    if not said and not _follows(file, (b"eXIf", b"iTXt", b"zTXt", b"tEXt")):
        return 1
    return int(image.getexif().get(_ORIENTATION, 1))


def _follows(file: Any, kinds: Sequence[bytes]) -> bool:
    """Whether a PNG, read up to its first pixels, has a chunk of one of these kinds further on."""
    start = file.tell()
    try:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            if head[4:] in kinds and file.tell() > start:
                return True
            file.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)
        return False
    finally:
        file.seek(start)


def _check_mode(image: Image.Image, what: str, span: Span | None) -> None:
    if image.mode in _WIDE and not _is_deep(image) and span is None:
        raise ImageError(
            f"{what} has 32 bits a pixel (mode {image.mode}); images have 8 or 16. Convert it to 8 bits, or say which "
            "values are black and white (--range, as in --range 0,1)."
        )


def _channels(image: Image.Image) -> int:
    return 1 if image.mode in _GREY + _DEEP + _WIDE else 3


def _values(image: Image.Image) -> tuple[NDArray[Any], NDArray[np.uint8] | None]:
    """A picture's grey or colour (H, W, 1 or 3) as the file has it, and its alpha (H, W, 1) where it has one."""
    if image.mode in _DEEP + _WIDE:
        return np.asarray(image)[..., None], None
    plain = "L" if _channels(image) == 1 else "RGB"
    if not image.has_transparency_data:
        return np.asarray(image.convert(plain)).reshape(image.height, image.width, -1), None
    pixels = np.asarray(image.convert("LA" if plain == "L" else "RGBA"))
    return pixels[..., :-1], pixels[..., -1:]


def _bytes(values: NDArray[Any], span: Span | None) -> NDArray[np.uint8]:
    if span is None and values.dtype == np.uint8:
        return values
    low, high = span or (0, 65535)
    return np.clip((values - np.float64(low)) * (255 / (high - low)), 0, 255).round().astype(np.uint8)


def _laid_on(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], under: tuple[int, int, int]) -> NDArray[np.uint8]:
    ground = recolour(np.array([[under]], np.uint8), pixels.shape[-1])[0, 0].astype(np.float32)
    share = alpha.astype(np.float32) / 255
    laid: NDArray[np.uint8] = (share * pixels + (1 - share) * ground).round().astype(np.uint8)
    return laid


def _undecodable(what: str, error: Exception) -> ImageError:
    return ImageError(f"{what} cannot be read as an image ({error}). Replace it or remove it.")

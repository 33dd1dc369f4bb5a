"""Codes as compressed data: each number is rounded to one of 2^bits values between its lowest and highest."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

_PER_BYTE = 8


class Packed(NamedTuple):
    """Compressed codes (N, D).

    Attributes:
      bytes: uint8, with `bits` bits for each number, row by row.
      low, high: the range of each number, float32 (D,).
      examples: N.
      bits: of each number.
      whole: whether the codes were whole numbers.
    """

    bytes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    examples: int
    bits: int
    whole: bool


def pack(codes: np.ndarray, bits: int) -> Packed:
    """Compresses codes (N, D) to `bits` bits for each number; whole numbers take as many as they need, without loss."""
    low, high = codes.min(axis=0).astype(np.float32), codes.max(axis=0).astype(np.float32)
    whole = codes.dtype.kind in "iu"
    if whole:
        bits = max(1, int(np.max(high - low)).bit_length())
    levels = 2**bits - 1
    span = np.where(high > low, high - low, 1.0)
    steps = np.rint((codes - low) / span * levels).astype(np.uint32)
    binary = (steps[..., None] >> np.arange(bits, dtype=np.uint32)) & 1
    return Packed(np.packbits(binary.astype(np.uint8)), low, high, len(codes), bits, whole)


def unpack(packed: Packed) -> np.ndarray:
    """The codes (N, D), each number within half a step of its value: float32, or int64 where they were whole."""
    shape = (packed.examples, len(packed.low), packed.bits)
    binary = np.unpackbits(packed.bytes, count=int(np.prod(shape))).reshape(shape).astype(np.uint32)
    steps = (binary << np.arange(packed.bits, dtype=np.uint32)).sum(axis=-1)
    codes = packed.low + steps / (2**packed.bits - 1) * (packed.high - packed.low)
    return np.asarray(np.rint(codes), np.int64) if packed.whole else np.asarray(codes, np.float32)


def save(path: Path, packed: Packed) -> None:
    """Writes an .npz that `load` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **packed._asdict())


def load(path: Path) -> Packed:
    """What `save` wrote."""
    with np.load(path) as file:
        return Packed(
            file["bytes"], file["low"], file["high"], int(file["examples"]), int(file["bits"]), bool(file["whole"])
        )


def ratio(shape: tuple[int, ...], packed: Packed) -> float:
    """Bytes of the originals, one for each value of `shape` (N, ...), over the bytes that are kept, ranges included."""
    return float(np.prod(shape)) / (packed.bytes.nbytes + packed.low.nbytes + packed.high.nbytes)


def summary(images: np.ndarray, again: np.ndarray, packed: Packed) -> str:
    """The ratio and the error in words; originals and decoded images are (N, ...) in [0, 1]."""
    error = float(np.mean((images - again) ** 2))
    psnr = -10.0 * np.log10(max(error, 1e-10))
    size = np.prod(images.shape[1:])
    return (
        f"{len(images)} examples of {size} bytes to {len(packed.low)} codes of {packed.bits} bits: "
        f"ratio {ratio(images.shape, packed):.1f} : 1, mean squared error {error:.5f} ({psnr:.1f} dB). "
        "The decoder, which reads the codes, is not counted."
    )

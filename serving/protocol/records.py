"""TFRecord files without TensorFlow.

A record is its length (uint64), that length's checksum, its bytes, and their checksum, all little-endian; a checksum
is a masked CRC-32C (tensorflow/core/lib/io/record_writer.h).
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from google_crc32c import value as crc32c

_HEADER, _FOOTER = struct.Struct("<QI"), struct.Struct("<I")


class BrokenRecord(Exception):
    """A file is no whole, uncompressed TFRecord file; the message names the file and the byte."""


class Address(NamedTuple):
    """Where a record's own bytes are in its file."""

    path: Path
    offset: int
    length: int


def write(file: BinaryIO, records: Iterable[bytes]) -> None:
    """Appends records to an open file."""
    for data in records:
        length = struct.pack("<Q", len(data))
        file.write(length + _FOOTER.pack(_masked(length)) + data + _FOOTER.pack(_masked(data)))


def index(path: Path) -> list[Address]:
    """The records of a file; their lengths are checked, the records not yet read. Errors: BrokenRecord."""
    found, size = [], path.stat().st_size
    with path.open("rb") as file:
        while (offset := file.tell()) < size:
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size or _masked(header[:8]) != _HEADER.unpack(header)[1]:
                raise _broken(path, offset)
            length = _HEADER.unpack(header)[0]
            if file.seek(length + _FOOTER.size, 1) > size:
                raise _broken(path, offset)
            found.append(Address(path, offset + _HEADER.size, length))
    return found


def read(addresses: Iterable[Address]) -> Iterator[bytes]:
    """The records at these addresses, in this order, checked. Errors: BrokenRecord."""
    file: BinaryIO | None = None
    try:
        for path, offset, length in addresses:
            if file is None or file.name != str(path):
                if file:
                    file.close()
                file = path.open("rb")
            file.seek(offset)
            data, footer = file.read(length), file.read(_FOOTER.size)
            if len(footer) < _FOOTER.size or _FOOTER.unpack(footer)[0] != _masked(data):
                raise _broken(path, offset)
            yield data
    finally:
        if file:
            file.close()


def _broken(path: Path, offset: int) -> BrokenRecord:
    return BrokenRecord(
        f"{path} is not a whole, uncompressed TFRecord file: it breaks at byte {offset}. Unpack it, or write it again."
    )


def _masked(data: bytes) -> int:
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

"""TFRecord files without TensorFlow.

A record is its length (uint64), that length's checksum, its bytes, and their checksum, all little-endian; a checksum
is a masked CRC-32C (tensorflow/core/lib/io/record_writer.h).
"""

import itertools
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from google_crc32c import value as crc32c

_HEADER, _FOOTER = struct.Struct("<QI"), struct.Struct("<I")


class BrokenRecord(Exception):
    """A file is not a whole, uncompressed TFRecord file. `path` is the file, `offset` the byte where it breaks."""

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        super().__init__(
            f"{path} is not a whole, uncompressed TFRecord file: it breaks at byte {offset} ({reason}). "
            "Unpack it (gunzip), or write it again."
        )
        self.path, self.offset = path, offset


class Address(NamedTuple):
    """Where a record is: its bytes are `length` from `offset` on, and it is record `number` of its file, from 0."""

    path: Path
    offset: int
    length: int
    number: int

    def __str__(self) -> str:
        return f"record {self.number} of {self.path}"


def write(file: BinaryIO, records: Iterable[bytes]) -> None:
    """Appends records to an open file."""
    for data in records:
        length = struct.pack("<Q", len(data))
        file.write(length + _FOOTER.pack(_masked(length)) + data + _FOOTER.pack(_masked(data)))


def scan(path: Path) -> Iterator[tuple[Address, bytes]]:
    """Every record of a file in order, as (address, bytes), in one pass; both checksums of each are verified.

    No more than one record is in memory. What was yielded before an error is whole. Errors: BrokenRecord, which names
    the first byte of the record that is not; OSError.
    """
    with path.open("rb") as file:
        for address in _addresses(path, file):
            yield address, _data(file, address)


def index(path: Path) -> list[Address]:
    """The records of a file; their lengths are verified, their bytes not yet read. Errors: BrokenRecord, OSError."""
    with path.open("rb") as file:
        return list(_addresses(path, file))


def read(addresses: Iterable[Address]) -> Iterator[bytes]:
    """The bytes of the records at these addresses, in this order, verified. Errors: BrokenRecord, OSError."""
    for path, group in itertools.groupby(addresses, key=lambda address: address.path):
        with path.open("rb") as file:
            for address in group:
                yield _data(file, address)


def _addresses(path: Path, file: BinaryIO) -> Iterator[Address]:
    """The records' addresses by the lengths before them; the file may be moved about between two of them."""
    size, start = path.stat().st_size, 0
    for number in itertools.count():
        if start == size:
            return
        file.seek(start)
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            raise BrokenRecord(path, start, "an incomplete record")
        length, checksum = _HEADER.unpack(header)
        if checksum != _masked(header[:8]):
            raise BrokenRecord(path, start, "its length's checksum is wrong")
        end = start + _HEADER.size + length + _FOOTER.size
        if end > size:
            raise BrokenRecord(path, start, "an incomplete record")
        yield Address(path, start + _HEADER.size, length, number)
        start = end


def _data(file: BinaryIO, address: Address) -> bytes:
    file.seek(address.offset)
    data, footer = file.read(address.length), file.read(_FOOTER.size)
    start = address.offset - _HEADER.size
    if len(footer) < _FOOTER.size:
        raise BrokenRecord(address.path, start, "an incomplete record")
    if _FOOTER.unpack(footer)[0] != _masked(data):
        raise BrokenRecord(address.path, start, "the record's checksum is wrong")
    return data


def _masked(data: bytes) -> int:
    crc: int = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

"""One file of the journal: a header, then blocks of records, each compressed and each with its own checksums.

A block is whole or it is not there: a crash costs at most the last one, and nothing that is written is ever changed.
Blocks of a *group* share one stream of compression, so that small blocks shrink as well as large ones; a group begins
anew every `GROUP_BYTES`, and what follows a damaged block can be read again from the next group on.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

SUFFIX = ".mwj"
MAGIC = b"mwjournl"
VERSION = 2
GROUP_BYTES = 1024 * 1024  #: of records, after which a group ends
LEVEL = 3  #: of compression
LARGEST_BLOCK = 1 << 30  #: bytes; a header that says more is none

_FILE = struct.Struct(">8sHHI")  #: magic, version, nothing, checksum of what stands before: the same in each version
_UPTIME = struct.Struct(">II")  #: seconds that the folder had been written when this file was begun; checksum of them
_BLOCK = struct.Struct(">4sBIIII")  #: marker, flags, number, bytes stored, bytes of records, checksum of what is stored
_CHECK = struct.Struct(">I")  #: checksum of the header itself
_MARK = b"\xabmwB"
_FIRST = 1  #: flag: the first block of its group
FILE_HEADER_BYTES = _FILE.size + _UPTIME.size
HEADER_BYTES = _BLOCK.size + _CHECK.size
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Damage:
    """A place that cannot be read. `torn`: the file merely ends there, as after a crash; else it was changed.

    What was written there is missing, so whoever follows the records cannot go on before the next `Run`.
    """

    file: Path
    offset: int
    what: str
    torn: bool = False

    def __str__(self) -> str:
        return f"{self.file.name}: at byte {self.offset}: {self.what}"


def file_header(uptime_seconds: int = 0) -> bytes:
    """The first bytes of a segment. `uptime_seconds`: how long its folder had been written before, by all runs."""
    parts = (_FILE.pack(MAGIC, VERSION, 0, 0), _UPTIME.pack(uptime_seconds, 0))
    heads = [part[: -_CHECK.size] for part in parts]
    return b"".join(head + _CHECK.pack(zlib.crc32(head)) for head in heads)


def serial_of(path: Path) -> int:
    """The number at the head of a segment's name, which rises from writer to writer of its folder; 0 without one."""
    number = path.name.partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() else 0


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Segments in the order in which they were written, whatever the wall clock said."""
    return sorted(paths, key=lambda path: (serial_of(path), path.name))


def uptime_of(path: Path) -> int | None:
    """The uptime at the head of a segment; None where none can be read."""
    try:
        with path.open("rb") as file:
            head = file.read(FILE_HEADER_BYTES)
    except OSError:
        return None
    if _not_ours(head) is not None:
        return None
    seconds: int = _UPTIME.unpack_from(head, _FILE.size)[0]
    return seconds


class Packer:
    """Makes blocks of records for one file."""

    def __init__(self, group_bytes: int = GROUP_BYTES) -> None:
        self._group_bytes = group_bytes
        self._compressor = zstandard.ZstdCompressor(level=LEVEL)
        self._stream = self._compressor.compressobj()
        self._number, self._in_group = 0, 0

    def pack(self, records: bytes) -> bytes:
        """The block that holds these records, to be appended at once."""
        flags = 0
        if self._in_group == 0:
            self._stream, flags = self._compressor.compressobj(), _FIRST
        stored = self._stream.compress(records) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        self._in_group += len(records)
        if self._in_group >= self._group_bytes:
            self._in_group = 0
        head = _BLOCK.pack(_MARK, flags, self._number, len(stored), len(records), zlib.crc32(stored))
        self._number += 1
        return head + _CHECK.pack(zlib.crc32(head)) + stored


@dataclass(frozen=True, slots=True)
class _Header:
    flags: int
    number: int
    stored: int
    size: int
    checksum: int

    @classmethod
    def read(cls, raw: bytes) -> _Header | None:
        """The header in these bytes; None if they are none."""
        mark, flags, number, stored, size, checksum = _BLOCK.unpack_from(raw)
        (check,) = _CHECK.unpack_from(raw, _BLOCK.size)
        whole = mark == _MARK and check == zlib.crc32(raw[: _BLOCK.size]) and max(stored, size) <= LARGEST_BLOCK
        return cls(flags, number, stored, size, checksum) if whole else None


def blocks(path: Path) -> Iterator[bytes | Damage]:
    """The records of each block of a file, in order, and the places that cannot be read. OSError from the disk."""
    with path.open("rb") as file:
        head = file.read(FILE_HEADER_BYTES)
        reason = _not_ours(head)
        if reason is not None:
            cut = len(head) < FILE_HEADER_BYTES and file_header().startswith(head[: _FILE.size])
            yield Damage(path, 0, reason, torn=cut)
        else:
            yield from _Blocks(path, file)


def _not_ours(head: bytes) -> str | None:
    if len(head) < _FILE.size:
        return "the file ends within its header"
    magic, version, _, check = _FILE.unpack_from(head)
    if magic != MAGIC or check != zlib.crc32(head[: _FILE.size - _CHECK.size]):
        return "this is no journal segment, or its header is damaged"
    if version != VERSION:
        return f"format {version} is not known to this version, which reads {VERSION}"
    if len(head) < FILE_HEADER_BYTES:
        return "the file ends within its header"
    uptime, check = _UPTIME.unpack_from(head, _FILE.size)
    return None if check == zlib.crc32(_CHECK.pack(uptime)) else "its header is damaged"


class _Blocks:
    """Walks one file from block to block."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._size = path.stat().st_size
        self._place, self._next = FILE_HEADER_BYTES, 0
        self._stream: zstandard.ZstdDecompressionObj | None = None  #: None: waiting for the next group

    def __iter__(self) -> Iterator[bytes | Damage]:
        while self._place < self._size:
            header = self._header(self._place)
            if header is None:
                yield self._lost()
                continue
            start = self._place + HEADER_BYTES
            if start + header.stored > self._size:
                yield self._damage("the last block is not whole", torn=True)
                return
            if header.number != self._next:
                yield self._damage(f"block {self._next} should stand here, but it is {header.number}")
                self._stream = None
            yield from self._block(header, start)
            self._place, self._next = start + header.stored, header.number + 1

    def _header(self, place: int) -> _Header | None:
        self._file.seek(place)
        raw = self._file.read(HEADER_BYTES)
        return _Header.read(raw) if len(raw) == HEADER_BYTES else None

    def _block(self, header: _Header, start: int) -> Iterator[bytes | Damage]:
        if header.flags & _FIRST:
            self._stream = zstandard.ZstdDecompressor().decompressobj()
        if self._stream is None:
            return  # said already: the rest of a damaged group cannot be read
        self._file.seek(start)
        stored = self._file.read(header.stored)
        try:
            if zlib.crc32(stored) != header.checksum:
                raise ValueError("its checksum does not fit")
            records = self._stream.decompress(stored)
            if len(records) != header.size:
                raise ValueError(f"it holds {len(records)} bytes instead of {header.size}")
        except (ValueError, zstandard.ZstdError) as error:
            self._stream = None
            yield self._damage(f"block {header.number} is damaged ({error}); reading on from the next group")
        else:
            yield records

    def _lost(self) -> Damage:
        """What stands here is no block: go to the next one that begins a group, or to the end."""
        begin, self._stream = self._place, None
        left = self._size - begin
        self._place = self._search(begin + 1)
        found = self._header(self._place) if self._place < self._size else None
        if found is not None:
            self._next = found.number
            return Damage(self._path, begin, f"{self._place - begin} bytes that are no block")
        self._file.seek(begin)
        torn = left < HEADER_BYTES or not any(self._file.read())
        return Damage(self._path, begin, f"the file ends with {left} bytes that are no whole block", torn=torn)

    def _search(self, place: int) -> int:
        """Where the next group begins; the end of the file if none does."""
        while place < self._size:
            self._file.seek(place)
            chunk = self._file.read(_CHUNK)
            found = chunk.find(_MARK)
            while found >= 0:
                header = self._header(place + found)
                if header is not None and header.flags & _FIRST:
                    return place + found
                found = chunk.find(_MARK, found + 1)
            place += max(1, len(chunk) - len(_MARK) + 1)
        return self._size

    def _damage(self, what: str, *, torn: bool = False) -> Damage:
        return Damage(self._path, self._place, what, torn)

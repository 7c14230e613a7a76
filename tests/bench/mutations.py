"""Damage done to files: bits, bytes, lengths, parts, and numbers in words; checksums are made good again."""

import hashlib
import io
import random
import re
import struct
import zipfile
import zlib

INTERESTING = (
    0,
    1,
    2,
    7,
    8,
    16,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63,
)
WORDS = (
    b"0",
    b"-1",
    b"nan",
    b"1e309",
    b"99999999999999999999",
    b"3.5",
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{}",
    b"\xff\xfe",
)
NUMBER = re.compile(rb"-?\d+\.?\d*")
PNG, ARCHIVE = b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"
DIGEST = 32
LONGEST = 256  # bytes of a part that is moved or lost


def mutated(content: bytes, chance: random.Random, *, digest: bool = False) -> bytes:
    """The content with a few mistakes in it; with `digest` its SHA-256 lies at its end."""
    if digest:
        body = mutated(content[:-DIGEST], chance)
        return body + hashlib.sha256(body).digest()
    if content.startswith(ARCHIVE) and chance.random() < 0.7:
        return _mutated_archive(content, chance)
    if content.startswith(PNG) and chance.random() < 0.9:
        return _mutated_png(content, chance)
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        chance.choice(KINDS)(data, chance)
    return bytes(data)


def _place(data: bytearray, chance: random.Random) -> int:
    """Anywhere, but more often near the beginning, where headers are."""
    end = len(data) if chance.random() < 0.5 else min(len(data), 600)
    return chance.randrange(max(end, 1))


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _number(data: bytearray, chance: random.Random) -> None:
    size = chance.choice((1, 2, 4, 8))
    value = chance.choice(INTERESTING) % 256**size
    place = _place(data, chance)
    data[place : place + size] = value.to_bytes(size, chance.choice(("little", "big")))


def _word(data: bytearray, chance: random.Random) -> None:
    found = list(NUMBER.finditer(bytes(data[:20_000])))
    if found:
        match = chance.choice(found)
        data[match.start() : match.end()] = chance.choice(WORDS)


def _lose(data: bytearray, chance: random.Random) -> None:
    place = _place(data, chance)
    del data[place : place + chance.randrange(1, LONGEST)]


def _insert(data: bytearray, chance: random.Random) -> None:
    place = _place(data, chance)
    data[place:place] = chance.randbytes(chance.choice((1, 2, 4, 16, LONGEST)))


def _repeat(data: bytearray, chance: random.Random) -> None:
    place, other = _place(data, chance), _place(data, chance)
    data[other:other] = data[place : place + chance.randrange(1, LONGEST)]


def _overwrite(data: bytearray, chance: random.Random) -> None:
    place, size = _place(data, chance), chance.randrange(1, LONGEST)
    size = min(size, len(data) - place)
    data[place : place + size] = bytes(size) if chance.random() < 0.5 else chance.randbytes(size)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[_place(data, chance) :]


KINDS = (_flip, _flip, _number, _number, _number, _word, _lose, _insert, _repeat, _overwrite, _cut)


def _mutated_png(content: bytes, chance: random.Random) -> bytes:
    """A PNG file with a damaged, lost, repeated or moved chunk, true lengths and true checksums."""
    chunks, start = [], len(PNG)
    while start + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, start)
        chunks.append((content[start + 4 : start + 8], content[start + 8 : start + 8 + length]))
        start += 12 + length
    place = chance.randrange(len(chunks))
    name, body = chunks[place]
    kind = chance.random()
    if kind < 0.8:
        chunks[place] = name, _mutated_body(name, body, chance)
    elif kind < 0.87:
        del chunks[place]
    else:
        chunks.insert(chance.randrange(len(chunks)), (name, body))
    packed = (struct.pack(">I", len(body)) + name + body + _checksum(name + body) for name, body in chunks)
    return PNG + b"".join(packed)


def _mutated_body(name: bytes, body: bytes, chance: random.Random) -> bytes:
    """Of an IDAT chunk, the rows as often as what they are packed into."""
    if name == b"IDAT" and chance.random() < 0.5:
        return zlib.compress(mutated(zlib.decompress(body), chance))
    return mutated(body, chance)


def _checksum(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))


def _mutated_archive(content: bytes, chance: random.Random) -> bytes:
    """A zip file in which one member is damaged, and nothing else."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info: archive.read(info) for info in archive.infolist()}
    chosen = chance.choice(list(members))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info, body in members.items():
            archive.writestr(info, mutated(body, chance) if info is chosen else body)
    return buffer.getvalue()

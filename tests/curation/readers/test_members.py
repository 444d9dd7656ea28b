"""Gzip members: where each begins, and what comes after a damaged one."""

import gzip
import io

import pytest

from curation.readers import files
from curation.readers.members import Blocks, Broken, Members

PARTS = [b"WARC/1.0 %d " % number + bytes(range(256)) * 20 for number in range(4)]


def drain(source: Members) -> list[tuple[int | None, bytes]]:
    found = []
    while data := source.read():
        found.append((source.origin, data))
    return found


def packed(parts: list[bytes]) -> tuple[list[bytes], list[int]]:
    members = [gzip.compress(part, mtime=0) for part in parts]
    return members, [sum(map(len, members[:at])) for at in range(len(members) + 1)]


def test_members_and_their_places() -> None:
    members, places = packed(PARTS)
    source = Members(io.BytesIO(b"".join(members)), 0, None)
    assert drain(source) == list(zip(places, PARTS, strict=False))
    assert source.position() == places[-1]
    piece = Members(io.BytesIO(b"".join(members)), places[1], places[3])
    assert drain(piece) == [(places[1], PARTS[1]), (places[2], PARTS[2])]


def test_zeros_between_members_are_no_data() -> None:
    members, _ = packed(PARTS[:2])
    assert [data for _, data in drain(Members(io.BytesIO(bytes(70_000).join(members) + bytes(9)), 0, None))] == PARTS[
        :2
    ]


@pytest.mark.parametrize("how", ["flip", "cut", "garbage"])
def test_after_a_damaged_member_comes_the_next(how: str) -> None:
    members, _ = packed(PARTS)
    bad = members[1]
    members[1] = {"flip": bad[:-6] + bytes(6), "cut": bad[:-40], "garbage": b"no member at all \x1f\x8b\x08 nor here"}[
        how
    ]
    source = Members(io.BytesIO(b"".join(members)), 0, None)
    assert source.read() == PARTS[0]
    with pytest.raises(Broken):
        while True:
            assert source.read(), "the damage was not seen"
    assert source.resume()
    assert [data for _, data in drain(source)] == PARTS[2:]


def test_damage_at_the_end() -> None:
    members, _ = packed(PARTS[:2])
    source = Members(io.BytesIO(b"".join(members)[:-1]), 0, None)
    with pytest.raises(Broken, match="ends early"):
        drain(source)
    assert not source.resume()


def test_a_member_is_expanded_piece_by_piece() -> None:
    source = Members(io.BytesIO(gzip.compress(bytes(50_000_000), 9, mtime=0)), 0, None)
    sizes = [len(data) for _, data in drain(source)]
    assert sum(sizes) == 50_000_000 and max(sizes) <= 1 << 20


def test_blocks_know_their_places_only_where_nothing_is_compressed() -> None:
    stream = files.Stream("a", io.BytesIO(b"abc"), None, "utf-8", None)
    blocks = Blocks(stream, 10)
    assert (blocks.read(), blocks.origin) == (b"abc", 10)
    assert (blocks.read(), blocks.origin) == (b"", 13)
    blocks = Blocks(files.Stream("a", io.BytesIO(b"abc"), None, "utf-8", None), None)
    assert (blocks.read(), blocks.origin) == (b"abc", None)
    assert not blocks.resume()

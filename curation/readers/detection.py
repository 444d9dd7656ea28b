"""What the first bytes of a file are: another type of file, binary data, or text in another encoding."""

import codecs

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"%PDF", "PDF"),
    (b"ARROW1", "Arrow IPC"),
    (b"Obj\x01", "Avro"),
    (b"SQLite format 3", "SQLite"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a PNG image"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it stands for"),
)
_UNICODE_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
# The Python names of what `other_encoding` finds. All but the last are told by their marks, zeros or characters.
PYTHON_NAMES = {
    "UTF-32": "utf-32",
    "UTF-16": "utf-16",
    "UTF-16 (little-endian)": "utf-16-le",
    "UTF-16 (big-endian)": "utf-16-be",
    "EUC-KR (cp949)": "cp949",
    "Shift JIS": "shift_jis",
    "GB 18030": "gb18030",
    "a legacy 8-bit encoding such as Windows-1252": "cp1252",
}
_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1b")


def recognise(head: bytes) -> str | None:
    """What the first bytes of a file are, in words, by their magic number; none for anything else, text above all."""
    return next((what for magic, what in _MAGIC if head.startswith(magic)), None)


def describe(head: bytes) -> str:
    """What the first bytes of a file are, in words."""
    what = recognise(head)
    if what is not None:
        return what
    other = other_encoding(head)
    if other is not None:
        return f"{other} text"
    return "binary data" if is_binary(head) else "text"


def is_binary(head: bytes) -> bool:
    """Whether bytes are no text in any encoding: in most lines a twentieth or more are control characters.

    Lines are judged apart, since what a crash leaves in a file, one run of zero bytes, is damage to a single one.
    """
    lines = [line for line in head.split(b"\n") if line]
    broken = sum(20 * sum(byte in _CONTROLS for byte in line) >= len(line) for line in lines)
    return 2 * broken > len(lines)


def other_encoding(head: bytes, lines_are_records: bool = False) -> str | None:
    """Name of the encoding other than UTF-8 that text seems to be in, none where most of it is UTF-8.

    Lines are judged apart, since a few damaged ones do not change the encoding of a file. Where lines are records, one
    alone that is not UTF-8 among others that are is a damaged record.
    """
    for mark, name in _UNICODE_MARKS:
        if head.startswith(mark):
            return name
    for offset, name in ((1, "UTF-16 (little-endian)"), (0, "UTF-16 (big-endian)")):
        half = head[offset::2]
        if len(half) >= 8 and half.count(0) > 0.4 * len(half) and head[1 - offset :: 2].count(0) < 0.1 * len(half):
            return name
    lines = [line for line in head.split(b"\n") if not line.isascii()]
    if len(lines) > 1:
        lines.pop()  # the head may have cut it
    broken = [line for line in lines if not _decodes(line, "utf-8")]
    if not broken or 2 * len(broken) <= len(lines) or is_binary(head):
        return None
    if lines_are_records and len(broken) == len(lines) == 1 and len(head.splitlines()) > 1:
        return None
    return legacy(b"\n".join(broken))[1]


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        # An incremental decoder, not final, takes a character that the end of the head has cut.
        codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def legacy(data: bytes) -> tuple[str, str]:
    """The legacy encoding that text beyond UTF-8 is probably in: its Python name, and its name in words."""
    if _decodes(data, "cp949"):
        text = data.decode("cp949", "ignore")
        beyond = [character for character in text if not character.isascii()]
        # Only syllables of EUC-KR count: those that cp949 adds are rare, and what Japanese in Shift JIS looks like.
        common = sum("가" <= character <= "힣" and min(character.encode("cp949")) > 0xA0 for character in beyond)
        if 2 * common > len(beyond):
            return "cp949", "EUC-KR (cp949)"
    for encoding, name in (("shift_jis", "Shift JIS"), ("gb18030", "GB 18030")):
        text = data.decode(encoding, "ignore") if _decodes(data, encoding) else ""
        beyond = [character for character in text if not character.isascii()]
        if beyond and 4 * sum("぀" <= character <= "鿿" for character in beyond) > 3 * len(beyond):
            return encoding, name
    return "cp1252", "a legacy 8-bit encoding such as Windows-1252"

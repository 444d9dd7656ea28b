"""Text that was decoded in the wrong encoding."""

from .counts import CHARACTERS, TEXT, share
from .rule import Rule

# Pairs of bytes of a Hangul syllable in EUC-KR (lead B0 to C8, trail A1 to FE), each read as a Latin-1 character; and
# triples of a syllable in UTF-8 (EA to ED, then two of 80 to BF), read as Latin-1 or, with its signs, Windows-1252.
_EUC_KR = r"(?:[\x{b0}-\x{c8}][\x{a1}-\x{fe}]){2,}"
_TAIL = r"[\x{80}-\x{bf}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17d}\x{17e}\x{192}\x{2c6}\x{2dc}–-†‘-„‡•…‰‹›€™]"
_UTF_8 = rf"(?:[\x{{ea}}-\x{{ed}}]{_TAIL}{{2}})+"


def mojibake(max_share: float | None = 0.1) -> tuple[Rule, ...]:
    """Korean read as Latin-1: at most `max_share` of the characters that are not white space (inclusive).

    Nothing is repaired. At least two such pairs must touch: single ones occur in French or Danish.
    """
    runs = TEXT.str.extract_all(rf"{_EUC_KR}|{_UTF_8}|\u{{fffd}}").list.join("")
    broken = runs.str.replace_all(r"\s", "").str.len_chars()  # bytes 85 and A0 are white space when read as Latin-1
    return (
        Rule(
            "mojibake.share",
            share(broken, CHARACTERS),
            None,
            max_share,
            definition="share of characters in runs that EUC-KR or UTF-8 Hangul makes when read as Latin-1, or U+FFFD",
        ),
    )

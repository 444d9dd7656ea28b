"""Words and patterns that drop a document, with inflections, and allow-lists that win.

A word list that is searched for as it stands hits and misses at once: the Korean one in common use misses 씨발놈아,
where the word goes on, and hits 잠을 자지 않았다, where a verb is negated. Here an entry is a word:

- An entry that begins with Hangul begins where no Hangul syllable stands before it; what may follow is `endings`.
- Any other entry stands between word boundaries; with `inflections` its last word may be inflected as in English
  (-s, -es, -ed, -ing, -er, -ers, 's, final e dropped, final consonant doubled, y to ie).
- `*` at the start or end of an entry lets anything stand there.
- Case does not count, and a space in an entry stands for any white space or hyphens.
- An entry in -지 is no hit before 않, 못, 말, 마, 안 or 아니, with a particle between or not: that is a negated verb.
- Where an allowed text stands, nothing is a hit that overlaps it.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import polars as pl

from .. import tables
from ..errors import InputError
from . import occurrences
from .counts import TEXT, WORDS, share
from .detailed import DetailedRule
from .korean import PARTICLES
from .rule import Rule

ENDINGS = ("any", "particles", "none")
SECTIONS = ("words", "patterns", "allow")
_MASK = "\ufffc"  # object replacement character: no letter, so no entry goes over it
_NOT_HANGUL = r"(?:\A|[^가-힣])"
_GAP = r"[\s\-]+"
_CONSONANTS = set("bcdfghjklmnpqrstvwxyz")
_VOWELS = set("aeiou")
_SHOWN = 10  # entries that a ledger row names


@dataclass(frozen=True)
class Lists:
    """Entries of a list.

    Attributes:
        words: words and phrases.
        patterns: regular expressions in Rust's syntax, searched for as they stand.
        allow: texts, searched for as they stand but for case and white space, in which nothing is a hit.
    """

    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    allow: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Parts:
    """Pattern of an entry in three parts: what must stand before it, the text, what may and must follow.

    `tokens` stand in every text that it hits, but for case; null for a pattern, of which nothing is known.
    """

    before: str
    text: str
    after: str
    tokens: tuple[str, ...] | None


@dataclass(frozen=True)
class Search:
    """What is searched for.

    Attributes:
        parts: patterns of entries by name.
        names: of entries in the order in which their patterns are tried.
        where: where they may occur, by number in `names`.
        masked: the text without what is allowed.
    """

    parts: dict[str, Parts]
    names: list[str]
    where: occurrences.Index
    masked: pl.Expr


def read_lists(path: str | Path) -> Lists:
    """Entries of a UTF-8 text file, one a line.

    A line that begins with `#` is a comment. The lines `words:`, `patterns:` and `allow:` begin a section of that kind;
    before the first one stand words.

    Raises:
        InputError: for a file that is not there or no UTF-8.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file of keywords") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: found a byte at {error.start} that is no UTF-8, expected a text file") from error
    entries: dict[str, list[str]] = {section: [] for section in SECTIONS}
    section = "words"
    for line in map(str.strip, lines):
        if line.removesuffix(":").lower() in SECTIONS and line.endswith(":"):
            section = line.removesuffix(":").lower()
        elif line and not line.startswith("#"):
            entries[section].append(line)
    return Lists(*(tuple(entries[section]) for section in SECTIONS))


def keywords(
    words: Sequence[str] = (),
    patterns: Sequence[str] = (),
    allow: Sequence[str] = (),
    file: str | Sequence[str] = (),
    endings: str = "any",
    inflections: bool = True,
    max_matches: float | None = 0,
    max_share: float | None = None,
) -> tuple[Rule, ...]:
    """Rules against documents that hold too many entries of a list; thresholds inclusive.

    Args:
        words: words and phrases, see the module.
        patterns: regular expressions in Rust's syntax (linear time; no look-around, no back-references).
        allow: texts in which nothing is a hit; they win over every entry.
        file: one or several files of entries (`read_lists`), added to the others.
        endings: what may follow an entry that ends in Hangul: `any` text (씨발 hits 씨발놈아), one or two `particles`
            (사과 hits 사과를 and not 사과나무), or `none`.
        inflections: English inflections of entries that end in an ASCII letter.
        max_matches: places in a document that may be hit.
        max_share: hits per word.

    Raises:
        InputError: for a list without entries, an unknown `endings`, or a pattern that cannot be compiled.
    """
    lists = _gathered(words, patterns, allow, file)
    if endings not in ENDINGS:
        raise InputError(f"rules.keywords.endings: found {endings!r}, expected one of {', '.join(ENDINGS)}")
    if not isinstance(inflections, bool):
        raise InputError(f"rules.keywords.inflections: found {inflections!r}, expected true or false")
    for pattern in lists.patterns:
        _compile(repr(pattern), pattern)
    # As text, which is the same wherever it is made: what is searched for is part of the definition of a score.
    given = json.dumps([lists.words, lists.patterns, lists.allow, endings, inflections], ensure_ascii=False)
    _compile(f"{len(lists.words) + len(lists.patterns)} entries", _joined(_search(given).parts.values()))
    hits = TEXT.map_batches(partial(_count, given=given), return_dtype=pl.UInt32, is_elementwise=True)
    detail = partial(_found, given)
    count = f"{len(lists.words)} words and {len(lists.patterns)} patterns, {len(lists.allow)} texts allowed"
    rules = [
        DetailedRule(
            "keywords.matches", hits, None, max_matches, None, f"places that a list hits: {count}", detail=detail
        )
    ]
    if max_share is not None:
        rules.append(
            DetailedRule(
                "keywords.share",
                share(hits, WORDS),
                None,
                max_share,
                None,
                f"places that a list hits, per word: {count}",
                detail=detail,
            )
        )
    return tuple(rules)


def _gathered(words: Sequence[str], patterns: Sequence[str], allow: Sequence[str], file: str | Sequence[str]) -> Lists:
    """All entries in NFC, each once, in the order given."""
    files = [read_lists(path) for path in ([file] if isinstance(file, str) else file)]
    found = []
    for section, given in zip(SECTIONS, (words, patterns, allow), strict=True):
        if isinstance(given, str) or not all(isinstance(entry, str) for entry in given):
            raise InputError(f"rules.keywords.{section}: found {given!r}, expected a list of texts")
        entries = [*given, *(entry for lists in files for entry in getattr(lists, section))]
        normal = dict.fromkeys(unicodedata.normalize("NFC", entry).strip() for entry in entries)
        found.append(tuple(entry for entry in normal if entry.strip("*")))
    lists = Lists(*found)
    if not lists.words and not lists.patterns:
        raise InputError("rules.keywords: found no word and no pattern, expected `words`, `patterns` or `file`")
    return lists


def _compile(name: str, pattern: str) -> None:
    try:
        pl.Series([""]).str.count_matches(pattern)
    except pl.exceptions.PolarsError as error:
        reason = " ".join(str(error).split("This error occurred")[0].split())
        raise InputError(f"rules.keywords: found {name}, expected a pattern that Rust compiles: {reason}") from error


def _joined(parts: Iterable[Parts]) -> str:
    """One pattern for all entries; what may stand before and after is said once for all that share it."""
    texts: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        texts.setdefault((part.before, part.after), []).append(part.text)
    return f"(?i)(?:{'|'.join(f'{before}(?:{chr(124).join(of)}){after}' for (before, after), of in texts.items())})"


def _literal(text: str) -> str:
    """Pattern of a text: its signs stand for themselves, white space for any white space or hyphens."""
    escaped = "".join(f"\\{c}" if c.isascii() and not c.isalnum() and not c.isspace() else c for c in text)
    return _GAP.join(escaped.split())


def _is_syllable(character: str) -> bool:
    return "가" <= character <= "힣"


def _word(entry: str, endings: str, inflections: bool) -> Parts:
    """Pattern of an entry with what may stand before and after it."""
    text = entry.strip("*").strip()
    tokens = tuple(text.split())
    before = "" if entry.startswith("*") else _NOT_HANGUL if _is_syllable(text[0]) else r"\b{start-half}"
    if entry.endswith("*"):
        return Parts(before, _literal(text), "", tokens)
    if _is_syllable(text[-1]):
        particles = rf"(?:{PARTICLES}){{0,2}}" if endings == "particles" else ""
        # Jamo and Latin letters may follow (사과ㅋㅋ), which a word boundary would not let them.
        after = "" if endings == "any" else rf"{particles}(?:\b{{end-half}}|[ㄱ-ㅣ0-9A-Za-z])"
        return Parts(before, _literal(text), after, tokens)
    if inflections and text[-1].isascii() and text[-1].isalpha():
        return _inflected(before, text)
    return Parts(before, _literal(text), r"\b{end-half}", tokens)


def _inflected(before: str, text: str) -> Parts:
    """Pattern of a text whose last word may be inflected as in English."""
    last, second, third = (text.lower()[-place : len(text) - place + 1] for place in (1, 2, 3))
    end = r"(?:['’]s?)?\b{end-half}"
    stem, tail = text, ""
    if last == "e":
        stem, tail = text[:-1], "(?:e(?:s|d|rs?)?|ings?)"
    elif last == "y" and second in _CONSONANTS:
        stem, tail = text[:-1], "(?:y(?:ing)?|ie(?:s|d|rs?|st))"
    else:
        is_doubled = last in _CONSONANTS - set("wxy") and second in _VOWELS and third in _CONSONANTS
        twice = f"{last}?" if is_doubled else ""
        tail = f"(?:e?s|{twice}(?:ed|ings?|ers?))?"
    return Parts(before, _literal(stem), tail + end, tuple(stem.split()))


def _masked(lists: Lists) -> pl.Expr:
    """The text without what is allowed, and without negated verbs that look like an entry in -지."""
    allowed = [_literal(entry) for entry in lists.allow]
    verbs = "|".join(map(_literal, _verbs(lists)))
    masked = TEXT.str.replace_all(f"(?i)(?:{'|'.join(allowed)})", _MASK) if allowed else TEXT
    if verbs:
        negated = rf"({_NOT_HANGUL})(?:{verbs})(?:는|도|를|가|만|조차)?\s*(?:않|못|말|마|안|아니)"
        masked = masked.str.replace_all(negated, f"${{1}}{_MASK}")
    return masked


def _verbs(lists: Lists) -> list[str]:
    return [word.strip("*") for word in lists.words if word.endswith("지")]


@lru_cache(16)
def _search(given: str) -> Search:
    """What is searched for, from the lists and options as JSON."""
    words, patterns, allow, endings, inflections = json.loads(given)
    lists = Lists(tuple(words), tuple(patterns), tuple(allow))
    parts = {word: _word(word, endings, inflections) for word in lists.words}
    parts |= {pattern: Parts("", f"(?:{pattern})", "", None) for pattern in lists.patterns}
    groups: dict[tuple[str, str], list[str]] = {}  # as `_joined` makes them: the first that fits is what is hit
    for name, part in parts.items():
        groups.setdefault((part.before, part.after), []).append(name)
    names = [name for group in groups.values() for name in group]
    others = [tuple(entry.split()) for entry in lists.allow]
    where = occurrences.index([parts[name].tokens for name in names], others, bool(_verbs(lists)))
    return Search(parts, names, where, _masked(lists))


def _count(texts: pl.Series, given: str) -> pl.Series:
    """Places in each text that entries hit: UInt32."""
    search = _search(given)
    counts = [
        part.select("row", hits=search.masked.str.count_matches(_joined(search.parts[name] for name in names)))
        for names, part in _slices(texts, search)
    ]
    found = pl.concat([pl.DataFrame(schema={"row": pl.UInt32, "hits": pl.UInt32}), *counts])
    summed = found.group_by("row").agg(pl.col("hits").sum())
    rows = pl.DataFrame({"text": texts}).with_row_index("row").join(summed, on="row", how="left", maintain_order="left")
    return rows["hits"].fill_null(0)


def _slices(texts: pl.Series, search: Search) -> Iterator[tuple[list[str], pl.DataFrame]]:
    """Names of the entries that may hit, and what they may hit; where none may, nothing."""
    for numbers, part in occurrences.slices(texts, search.where):
        if numbers:
            yield [search.names[number] for number in numbers], part


def _found(given: str, documents: pl.DataFrame) -> pl.Series:
    """For each document JSON with the entries that hit it and what they hit, in order of the text."""
    search = _search(given)
    entries: list[list[str]] = [[] for _ in range(documents.height)]
    places: list[list[str]] = [[] for _ in range(documents.height)]
    for names, part in _slices(documents["text"], search):
        rows = part.select("row", found=search.masked.str.extract_all(_joined(search.parts[name] for name in names)))
        forms = rows["found"].explode().drop_nulls().unique().sort()
        by_form: dict[str, str] = {}
        tried = set(names)
        for name in (name for name in search.parts if name in tried):
            for form in forms.filter(forms.str.contains(_joined([search.parts[name]]))):
                by_form.setdefault(form, name)
        for row, texts in rows.iter_rows():
            # A pattern that looks at what stands around it does not hit its match alone: then the match says it.
            entries[row].extend(by_form.get(text, text) for text in texts)
            # A match may begin with the sign before the word.
            places[row].extend(text.strip(" \t\n.,!?…\"'“”‘’()[]") for text in texts)
    said = [
        tables.canonical_json({"entries": list(dict.fromkeys(of))[:_SHOWN], "found": list(dict.fromkeys(at))[:_SHOWN]})
        for of, at in zip(entries, places, strict=True)
    ]
    return pl.Series("detail", said, dtype=pl.String)

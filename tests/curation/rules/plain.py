"""The English heuristics in plain Python, written from their definitions: what the compiled ones must equal.

For the tests of the rules and for `benchmarks/heuristics.py`. Every function takes one text.
"""

import re
import unicodedata
from collections import Counter

# The property White_Space of Unicode; Python's own `\s` has four separators more.
SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
WORD = re.compile(f"[^{SPACE}]+")
ENDS_OF_SPACE = re.compile(f"^[{SPACE}]+|[{SPACE}]+$")
ASCII_WORD = re.compile(r"\w+", re.ASCII)
STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
ELLIPSIS = ("...", "…")
STOP = r"[.!?…‼⁇⁈⁉‽。！？．｡]"
END_OF_SENTENCE = re.compile(rf"""({STOP}["'”’»)\]」』]*)([{SPACE}]+)(?=(.))""", re.DOTALL)
END_OF_LINE = tuple(".!?…‼⁇⁈⁉‽。！？．｡\"'”’")
CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def strip(text: str) -> str:
    return ENDS_OF_SPACE.sub("", text)


def words_of(text: str) -> list[str]:
    return WORD.findall(text)


def lines_of(text: str) -> list[str]:
    return [line for line in map(strip, text.split("\n")) if line]


def paragraphs_of(text: str) -> list[str]:
    paragraphs: list[list[str]] = [[]]
    for line in map(strip, text.split("\n")):
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return ["\n".join(lines) for lines in paragraphs if lines]


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] == "L"


def gopher(text: str) -> dict[str, float]:
    words, lines = words_of(text), lines_of(text)
    return {
        "gopher.words": len(words),
        "gopher.mean_word_length": share(sum(map(len, words)), len(words)),
        "gopher.hash_ratio": share(text.count("#"), len(words)),
        "gopher.ellipsis_ratio": share(text.count("...") + text.count("…"), len(words)),
        "gopher.bullet_lines": share(sum(line[0] in "•‣◦▪●○∙*-" for line in lines), len(lines)),
        "gopher.ellipsis_lines": share(sum(line.endswith(ELLIPSIS) for line in lines), len(lines)),
        "gopher.letter_words": share(sum(any(map(is_letter, word)) for word in words), len(words)),
        "gopher.stop_words": len(STOP_WORDS & {word.lower() for word in ASCII_WORD.findall(text)}),
    }


def repeated(units: list[str]) -> list[str]:
    """Those that occurred before."""
    seen: set[str] = set()
    again = []
    for unit in units:
        if unit in seen:
            again.append(unit)
        seen.add(unit)
    return again


def grams_of(words: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def characters_at(words: list[str], places: list[int], n: int) -> int:
    """Characters of the words that lie in an n-gram at one of the places, each counted once."""
    return sum(len(words[i]) for i in {i for place in places for i in range(place, place + n)})


def top_gram(words: list[str], n: int) -> int:
    grams = grams_of(words, n)
    counts = Counter(grams)
    if not counts:
        return 0
    top, count = counts.most_common(1)[0]  # of those that are equally frequent, the first in the text
    return characters_at(words, [i for i, gram in enumerate(grams) if gram == top], n) if count > 1 else 0


def duplicate_grams(words: list[str], n: int) -> int:
    seen: set[tuple[str, ...]] = set()
    places = []
    for i, gram in enumerate(grams_of(words, n)):
        if gram in seen:
            places.append(i)
        seen.add(gram)
    return characters_at(words, places, n)


def gopher_repetition(text: str) -> dict[str, float]:
    words, lines, paragraphs = words_of(text), lines_of(text), paragraphs_of(text)
    characters, line_characters = sum(map(len, words)), sum(map(len, lines))
    again = repeated(paragraphs)
    return {
        "gopher_repetition.duplicate_lines": share(len(repeated(lines)), len(lines)),
        "gopher_repetition.duplicate_paragraphs": share(len(again), len(paragraphs)),
        "gopher_repetition.duplicate_line_characters": share(sum(map(len, repeated(lines))), line_characters),
        "gopher_repetition.duplicate_paragraph_characters": share(
            sum(len(paragraph.replace("\n", "")) for paragraph in again), line_characters
        ),
        **{f"gopher_repetition.top_{n}_gram": share(top_gram(words, n), characters) for n in (2, 3, 4)},
        **{
            f"gopher_repetition.duplicate_{n}_gram": share(duplicate_grams(words, n), characters)
            for n in (5, 6, 7, 8, 9, 10)
        },
    }


def fineweb(text: str) -> dict[str, float]:
    lines = lines_of(text)
    return {
        "fineweb.ended_lines": share(sum(line.endswith(END_OF_LINE) for line in lines), len(lines)),
        "fineweb.short_lines": share(sum(len(line) <= 30 for line in lines), len(lines)),
        "fineweb.duplicate_line_characters": share(sum(map(len, repeated(lines))), sum(map(len, lines))),
        "fineweb.line_feeds": share(text.count("\n"), len(words_of(text))),
    }


def sentences(text: str) -> int:
    """A line's end ends a sentence, and so does a stop before white space and anything but a lower-case letter."""
    return sum(
        1 + sum(unicodedata.category(follows) != "Ll" for *_, follows in END_OF_SENTENCE.findall(line))
        for line in lines_of(text)
    )


def c4(text: str) -> dict[str, float]:
    return {
        "c4.lorem_ipsum": text.translate(FOLD).count("lorem ipsum"),
        "c4.curly_brackets": text.count("{"),
        "c4.sentences": sentences(text),
    }


def removed_from_c4(line: str) -> str | None:
    """Why C4 removes a line, none when it stays; the first reason in the order of its code."""
    words, folded = words_of(line), line.translate(FOLD)
    if any(len(word) > 1000 for word in words):
        return "c4.long_word"
    if not line.endswith((".", "?", "!", '"', "'", "”", "’")) or line.endswith("..."):
        return "c4.end_mark"
    if len(words) < 3:
        return "c4.few_words"
    if "javascript" in folded:
        return "c4.javascript"
    return "c4.policy" if any(phrase in folded for phrase in POLICY) else None


def edit_c4(text: str) -> tuple[str, Counter[str]]:
    """The text without the lines that C4 removes, and how many for which reason."""
    cited = CITATION.sub("", text)
    reasons = Counter({"c4.citation": len(CITATION.findall(text))})
    kept, blank, gone = "", False, False
    for line in map(strip, cited.split("\n")):
        if not line:
            blank = True
            continue
        reason = removed_from_c4(line)
        if reason:
            reasons[reason] += 1
            gone = True
            continue
        kept += (("\n\n" if blank else "\n") if kept else "") + line
        blank = False
    return kept if gone else cited, +reasons

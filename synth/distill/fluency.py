"""Marks of a bad Korean translation, counted by written rules: what was found, and where.

A rule is a name, a pattern (RE2) and a definition; every count can be checked by reading. The rules say nothing of
what is right: text without a mark may still be bad (a wrong particle that fits its noun, a foreign order of words), and
some marks stand in good text (a law says *법률에 의해*). So a rate is compared with the rate of good text, or of the
same text before, never with zero.

What counts as a mark follows what Korean style guides and translators name: the passive made twice (되어지다,
보여지다), the agent with 에 의해, pronouns where Korean has none (그녀, 당신), plurals beside a word that is plural
already, *가지고 있다* for have, and particles with 의 behind them (에서의).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import re2

from curation.checks.typed_result import CheckResult, verdict

_FIRST, _FINALS = ord("가"), 28  # the first syllable; final consonants, with none counted
_END = r"(?:[\s\p{P}]|$)"


def _syllables(finals: range | tuple[int, ...]) -> str:
    """A character class of the syllables with one of these final consonants (0: none, 8: ㄹ)."""
    return "[" + "".join(chr(at) for at in range(_FIRST, ord("힣") + 1) if (at - _FIRST) % _FINALS in finals) + "]"


_OPEN, _CLOSED, _OPEN_OR_L = _syllables((0,)), _syllables(range(1, _FINALS)), _syllables((0, 8))


@dataclass(frozen=True)
class Mark:
    """A rule: its name, its patterns (RE2; one group that takes the mark), words that look like it and are none."""

    name: str
    definition: str
    patterns: tuple[str, ...]
    none: frozenset[str] = frozenset()


MARKS: tuple[Mark, ...] = (
    Mark(
        "particle_form",
        "a particle in the form for the other kind of syllable: 를, 와 after a final consonant, 을, 으로 after a vowel",
        (
            rf"(\p{{Hangul}}*{_CLOSED}[를와]){_END}",
            rf"(\p{{Hangul}}*{_OPEN}을){_END}",
            rf"(\p{{Hangul}}*{_OPEN_OR_L}으로){_END}",
        ),
        frozenset((
            "가을", "마을", "노을", "고을", "저을", "지을", "이을", "나을", "부을", "그을", "새마을",
            "늦가을", "초가을", "저녁노을", "아침노을", "모을", "안와", "못와",
        )),
    ),
    Mark(
        "particle_twice",
        "two particles of case or topic in a row, of which Korean takes one",
        (rf"(\p{{Hangul}}+(?:을를|를을|는은|은는|을은|를는|은을|는를|가는은|이를을|에서에|에게에|으로로)){_END}",),
    ),
    Mark(
        "particle_alone",
        "a particle with a space before it",
        (rf"(?:^|[\p{{Hangul}}\p{{Nd}}] )(을|를|는|의|에게|에서|으로|께서|부터|까지|으로부터|에서는|에게는){_END}",),
    ),
    Mark(
        "scattered",
        "five and more syllables in a row that each stand alone",
        (r"(?:^|\s)(\p{Hangul}(?: \p{Hangul}){4,})" + _END,),
    ),
    Mark("run_together", "a word of 13 and more syllables: spaces left out", (r"(\p{Hangul}{13,})",)),
    Mark(
        "pronoun",
        "a personal pronoun of a translation: 그녀, 당신, 그것, and 그 with a particle",
        (
            r"(?:^|[\s\p{P}])((?:그녀|당신|그것|이것|저것)들?(?:은|는|이|가|을|를|의|에게|에|로|과|와|도|만)?)"
            + _END,
            r"(?:^|[\s\p{P}])(그(?:는|가|를|의|에게|들은|들이|들을|들의|들에게))" + _END,
            r"(?:^|[.!?] |\n)((?:나는|저는|우리는|너는) (?:나의|저의|우리의|너의))" + _END,
        ),
    ),
    Mark(
        "passive_twice",
        "a passive made passive again: 되어지다, 보여지다, 쓰여지다",
        (
            r"(\p{Hangul}*(?:되어|보여|불리워|불려|잊혀|쓰여|씌여|닫혀|열려|짜여|찢겨|믿겨|놓여|담겨|잡혀|묶여|덮여|읽혀|쌓여|바뀌어)"
            r"(?:지[는고며면다지게기]|진|질|집|졌|져|짐))",
        ),
    ),
    Mark(
        "agent",
        "에 의해 and its forms: the agent of a passive",
        (r"(에 ?의(?:해서?|하여|한))" + _END,),
    ),
    Mark(
        "phrase",
        "a phrase taken over word by word: 가지고 있다, 것이 가능하다, 에 있어서, 에도 불구하고, 을 필요로 하다, "
        "중의 하나, 고 있는 중",
        (
            r"((?:을|를) (?:가지고 있|갖고 있|필요로 )\p{Hangul}*)",
            r"(것이 가능\p{Hangul}*|에 있어서?(?:는|의)?[\s,]|에도 불구하고|중의 하나|고 있는 중)",
        ),
    ),
    Mark("stacked_particle", "a particle with 의 behind it: 에의, 에게의, 으로의, 으로부터의, 에서의",
         (rf"(\p{{Hangul}}+(?:에의|에게의|으로의|부터의|에서의|에로의)){_END}",)),
    Mark(
        "plural",
        "들 on what is plural already, and a number with 의 before its noun",
        (
            r"((?:많은|여러|모든|수많은|몇몇|다양한) (?:\p{Hangul}+ )?\p{Hangul}+들\p{Hangul}{0,3})" + _END,
            r"((?:한|두|세|네|다섯|여섯|열|\p{Nd}+) ?(?:개|명|권|마리|장|대|가지|사람)의) ",
        ),
    ),
    Mark("latin", "a Latin word of three and more letters, not all capitals, outside of brackets",
         (r"(?:^|[\s\p{Hangul}])([A-Za-z]+[a-z][A-Za-z]*[a-z])(?:[\s\p{Hangul},.!?]|$)",)),
)  # fmt: skip

_COMPILED = [(mark, [re2.compile(pattern) for pattern in mark.patterns]) for mark in MARKS]
_HANGUL = re2.compile(r"\p{Hangul}")
_WORDS = re2.compile(r"\S+")
_BRACKETED = re2.compile(r"\([^()]*\)|\[[^\[\]]*\]")  # where a term stands in its own language by custom


def marks(text: str) -> dict[str, list[str]]:
    """What was found in a text, by rule, in the order of the rules; without Hangul there is nothing to find."""
    if not _HANGUL.search(text):
        return {}
    found: dict[str, list[str]] = {}
    for mark, patterns in _COMPILED:
        searched = _BRACKETED.sub(" ", text) if mark.name == "latin" else text
        hits = [hit for pattern in patterns for hit in _each(pattern, searched) if hit.strip() not in mark.none]
        if hits:
            found[mark.name] = hits
    return found


def _each(pattern: Any, text: str) -> Iterable[str]:
    """Every find, also those that share a space or a mark of punctuation at their border."""
    at = 0
    while (match := pattern.search(text, at)) is not None:
        yield match.group(1)
        at = max(match.end(1), at + 1)


def words(text: str) -> int:
    """Words by white space."""
    return len(_WORDS.findall(text))


def rate(text: str) -> float:
    """Marks per 100 words; 0 for an empty text."""
    return _rate(marks(text), words(text))


def check(reference: str, candidate: str) -> CheckResult:
    """The candidate has no more marks per 100 words than its reference: a rewriting must not read worse."""
    before, after = rate(reference), rate(candidate)
    worst = next(iter(marks(candidate).values()), [""])[0]
    said = f"{after:.1f} marks in 100 words, reference {before:.1f}" + (f"; first {worst!r}" if worst else "")
    return verdict("fluency", after <= before, said)


def compare(pairs: Iterable[tuple[str, str]]) -> dict[str, Any] | None:
    """Marks of a set before and after; none without Hangul.

    Args:
        pairs: a text and what replaces it; pairs without Hangul in the first are left out.

    Returns:
        `rows`; rows with `fewer` and `more` marks per 100 words than before; of `before` and `after` the number of
        words, and marks per 100 of them in all and by rule.
    """
    rows = [(before, after) for before, after in pairs if _HANGUL.search(before)]
    if not rows:
        return None
    before, after = ([(marks(text), words(text)) for text in texts] for texts in zip(*rows, strict=True))
    change = [_rate(*new) - _rate(*old) for old, new in zip(before, after, strict=True)]
    return {
        "rows": len(rows),
        "fewer": sum(one < 0 for one in change),
        "more": sum(one > 0 for one in change),
        "before": _figures(before),
        "after": _figures(after),
    }


def _rate(found: dict[str, list[str]], count: int) -> float:
    return 100 * sum(map(len, found.values())) / count if count else 0.0


def _figures(texts: list[tuple[dict[str, list[str]], int]]) -> dict[str, Any]:
    total = sum(count for _, count in texts)
    counts = {mark.name: sum(len(found.get(mark.name, ())) for found, _ in texts) for mark in MARKS}
    hundred = total / 100 or 1.0
    return {
        "words": total,
        "marks_per_100_words": sum(counts.values()) / hundred,
        "by_rule": {name: count / hundred for name, count in counts.items() if count},
    }

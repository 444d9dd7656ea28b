"""Is a question about its passage: do the words that set it apart stand there?"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import re2

from ...distill.open_words import content, numbers

# Written without spaces: a run of these letters is compared by pairs, as words would hardly ever be the same.
_UNSPACED = re2.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+")


def relevances(passages: Mapping[str, str], questions: Sequence[tuple[str, str]]) -> list[float]:
    """The share of what each question is about that stands in its passage.

    Content words, Korean ones without their particles, weigh by how few passages they belong to (inverse document
    frequency, Spärck Jones 1972), as log(1 + N / n): what is in every passage still has log 2, since a run over texts
    of one subject asks for little else. A word belongs to a passage that has it, and to one of which a question has it:
    so `kind` and `genre`, which every other question asks for, weigh little though few passages have them, and a name
    that one question has from elsewhere weighs much. A question that was asked of many passages alike counts for one of
    them, or a model that asks the same of every text would make it a common one.

    Args:
        passages: texts by id.
        questions: id of the passage and the question, of all questions of the run.

    Returns:
        0..1 for each question, in their order; 1 for one without content words, of which nothing can be said.
    """
    asked = [(name, units(question)) for name, question in questions]
    first: dict[frozenset[str], str] = {}
    places: dict[str, list[int]] = defaultdict(list)
    for place, (name, about) in enumerate(asked):
        first[about] = min(name, first.get(about, name))
        places[name].append(place)
    belongs: dict[str, set[str]] = defaultdict(set)
    for about, name in first.items():
        belongs[name] |= about
    counts: Counter[str] = Counter()
    stands: dict[int, frozenset[str]] = {}
    for name, text in passages.items():  # what a passage has is not kept: of many passages that would be much
        own = units(text)
        counts.update(own | belongs.get(name, set()))
        stands.update((place, asked[place][1] & own) for place in places.get(name, ()))
    found = []
    for place, (_, about) in enumerate(asked):
        weights = {unit: math.log(1 + len(passages) / counts[unit]) for unit in sorted(about)}
        share = math.fsum(weights[unit] for unit in stands[place]) / math.fsum(weights.values()) if weights else 1.0
        found.append(share)
    return found


def units(text: str) -> frozenset[str]:
    """What of a text is compared: units of content words, numbers, pairs of letters of scripts without spaces."""
    runs = [run.group() for run in _UNSPACED.finditer(text)]
    pairs = {run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))}
    return content(_UNSPACED.sub(" ", text)) | numbers(text) | pairs

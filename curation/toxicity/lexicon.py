"""Word lists in English and Korean: what may be abuse, and what is on a sensitive topic. They do not decide.

The lists stand in `lists/`, as files of `rules.keywords`: stems with what may follow them (씨발놈아), texts in which
nothing is a hit (시발점, 잠을 자지 않았다). Own lists are given by path.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polars as pl

from ..errors import InputError
from ..rules.keywords import keywords, read_lists

LISTS = Path(__file__).parent / "lists"
ABUSE = (LISTS / "en.txt", LISTS / "ko.txt")
SENSITIVE = LISTS / "sensitive.txt"
TEXT = pl.col("text")


def candidates(texts: pl.Series, files: tuple[Path, ...] = ABUSE) -> pl.Series:
    """Number of places in each text that lists of abuse hit, UInt32.

    Raises:
        InputError: for a file that is not there, is no text, or holds no entry.
    """
    return _counted(texts, *_abuse(files))


def topics() -> tuple[str, ...]:
    """The sensitive topics, in the order of the list."""
    return tuple(_topics())


def on_topic(texts: pl.Series, topic: str) -> pl.Series:
    """Number of places in each text that are on a sensitive topic, UInt32.

    Raises:
        InputError: for an unknown topic.
    """
    known = _topics()
    if topic not in known:
        raise InputError(f"sensitive topics: found {topic!r}, expected one of {', '.join(known)}")
    return _counted(texts, *known[topic])


def sensitive(documents: pl.DataFrame, names: Sequence[str] = ()) -> pl.DataFrame:
    """The topics of each document, for a review that looks at them first; nothing is dropped.

    Args:
        documents: `doc_id`, `text`.
        names: topics, all of the list when none.

    Returns:
        `doc_id`, `sensitive` (topics in the order given, empty where none is hit) and `review` (whether any is).

    Raises:
        InputError: for an unknown topic.
    """
    found = {name: on_topic(documents["text"], name) > 0 for name in (names or topics())}
    listed = [pl.when(hit).then(pl.lit(name)) for name, hit in found.items()]
    rows = documents.select("doc_id", sensitive=pl.concat_list(listed).list.drop_nulls())
    return rows.with_columns(review=pl.col("sensitive").list.len() > 0)


def _counted(texts: pl.Series, loose: str, hits: pl.Expr) -> pl.Series:
    """Hits of each text, counted paragraph by paragraph and only where the entries occur at all.

    That is faster to tell without boundaries, and most paragraphs of a long text hold none.
    """
    rows = pl.DataFrame({"text": texts}).with_row_index("row")
    paragraphs = rows.filter(TEXT.str.contains(loose)).with_columns(TEXT.str.split("\n\n")).explode("text")
    found = paragraphs.filter(TEXT.str.contains(loose)).select("row", hits=hits.cast(pl.UInt32))
    summed = found.group_by("row").agg(pl.col("hits").sum())
    return rows.join(summed, on="row", how="left", maintain_order="left")["hits"].fill_null(0)


@cache
def _abuse(files: tuple[Path, ...]) -> tuple[str, pl.Expr]:
    lists = [read_lists(path) for path in files]
    words = [word for each in lists for word in each.words]
    return _loose(words, [pattern for each in lists for pattern in each.patterns]), keywords(
        file=list(map(str, files))
    )[0].score


@cache
def _topics(path: Path = SENSITIVE) -> dict[str, tuple[str, pl.Expr]]:
    entries: dict[str, list[str]] = {}
    topic = None
    for number, line in enumerate(map(str.strip, path.read_text(encoding="utf-8").splitlines()), start=1):
        if line.startswith("[") and line.endswith("]"):
            topic = line[1:-1]
            entries[topic] = []
        elif line and not line.startswith("#"):
            if topic is None:
                raise InputError(f"{path}:{number}: found {line!r}, expected a topic in brackets before it")
            entries[topic].append(line)
    return {name: (_loose(words, []), keywords(words=words)[0].score) for name, words in entries.items()}


def _loose(words: Sequence[str], patterns: Sequence[str]) -> str:
    """Pattern that is in every text that has an entry: without boundaries, and the end that inflection may change."""
    stems = []
    for word in words:
        stem = word.strip("*")
        stem = stem[:-1] if stem[-1] in "ey" else stem
        stems.append(r"[\s\-]+".join(pl.escape_regex(part) for part in stem.replace("-", " ").split()))
    return f"(?i)(?:{'|'.join([*dict.fromkeys(stems), *patterns])})"

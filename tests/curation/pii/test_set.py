"""The set of `cases/`: what is found of each kind in each language, with a floor for precision and recall.

A file holds sections: values of the kind, sentences with `{}` for a value in English and Korean, whole sentences with
the data between « and », and under `not` what only looks like it. Values go into sentences in turn, so that each stands
in several. Nothing in it is anyone's.
"""

from pathlib import Path

import polars as pl
import pytest

from curation import pii
from curation.pii import find

CASES = Path(__file__).parent / "cases"
LANGUAGES = ("en", "ko")
POSITIVES, NEGATIVES = 50, 200
EACH = 5  # sentences a value stands in


def sections(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and line[1:3] in ("va", "en", "ko", "no") and "{" not in line:
            name = line[1:-1]
        elif line and not line.startswith("# "):
            found.setdefault(name, []).append(line.replace("\\n", "\n"))
    return found


def cases(kind: str, lang: str) -> pl.DataFrame:
    """Columns text and spans: lists of the first character of the kind's data and the one after its last."""
    own, neutral = sections(CASES / f"{kind}.txt"), sections(CASES / "neutral.txt")[lang]
    marked = [line for line in own.get(f"{lang} cases", [])]
    templates = own[lang]
    for number, value in enumerate(own["values"]):
        marked += [templates[(number + step) % len(templates)].replace("{}", f"«{value}»") for step in range(EACH)]
    none = list(own.get(f"{lang} not", []))
    for number, value in enumerate(own["not"]):
        none += [neutral[(3 * number + step) % len(neutral)].replace("{}", value) for step in range(3)]
    rows = []
    for line in dict.fromkeys(marked):
        parts = line.replace("»", "«").split("«")
        starts = [sum(map(len, parts[:at])) for at in range(len(parts) + 1)]
        rows.append(("".join(parts), [[starts[at], starts[at + 1]] for at in range(1, len(parts), 2)]))
    rows += [(line, []) for line in dict.fromkeys(none)]
    spans = pl.Series("spans", [spans for _, spans in rows], dtype=pl.List(pl.List(pl.Int64)))
    return pl.DataFrame({"text": [text for text, _ in rows], "spans": spans})


def outcome(kind: str, lang: str) -> pl.DataFrame:
    """The cases with `got`, the spans that were found of the kind when all kinds are looked for."""
    frame = cases(kind, lang).with_row_index("row")
    end = pl.col("start") + pl.col("piece").str.len_chars()
    found = find.pieces(frame["text"], pii.KINDS).filter(pl.col("kind") == kind)
    got = found.group_by("row").agg(got=pl.concat_list("start", end.cast(pl.Int64)))
    return frame.join(got, on="row", how="left", maintain_order="left").with_columns(pl.col("got").fill_null([]))


def measure(kind: str, lang: str) -> dict[str, float]:
    """Texts with and without, precision (found spans that are right to the character) and recall."""
    right = found = wanted = 0
    rows = outcome(kind, lang)
    for spans, got in rows.select("spans", "got").iter_rows():
        right += sum(span in spans for span in got)
        found += len(got)
        wanted += len(spans)
    positives = rows.filter(pl.col("spans").list.len() > 0).height
    return {
        "positives": positives,
        "negatives": rows.height - positives,
        "precision": right / found if found else 0.0,
        "recall": right / wanted,
    }


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", pii.KINDS)
def test_precision_and_recall(kind: str, lang: str) -> None:
    measured = measure(kind, lang)
    assert measured["positives"] >= POSITIVES and measured["negatives"] >= NEGATIVES
    assert measured["precision"] >= 0.97 and measured["recall"] >= 0.97


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_kind_is_taken_for_another(lang: str) -> None:
    """Texts of one kind, in all of which nothing of another kind is found."""
    for kind in pii.KINDS:
        texts = cases(kind, lang).filter(pl.col("spans").list.len() > 0)["text"]
        found = find.pieces(texts, pii.KINDS).filter(pl.col("kind").is_not_null() & (pl.col("kind") != kind))
        assert found.rows() == []

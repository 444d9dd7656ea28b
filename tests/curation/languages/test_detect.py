"""Identification: measured on short texts, offline, and of a row alone."""

import socket
from pathlib import Path

import polars as pl
import pytest

from curation import languages, tables
from curation.languages import detect

# Floors of accuracy by kind of the set beside this file; measured: see docs.
FLOORS = {
    "korean": 1.0,
    "english": 0.9,
    "korean with english": 0.95,
    "english with korean": 0.9,
    "other": 0.8,
    "no language": 1.0,
}


def cases() -> pl.DataFrame:
    """Columns kind, text, langs (right answers)."""
    rows, kind, lang = [], "", ""
    for line in Path(__file__).with_name("cases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            continue
        if line.startswith("["):
            kind, lang = line.lstrip("[").split("] ")
            continue
        text, _, own = line.partition("\t")
        rows.append((kind, text, (own or lang).split(",")))
    return pl.DataFrame(rows, schema=["kind", "text", "langs"], orient="row")


def accuracy(gate: bool = True) -> dict[str, tuple[int, float]]:
    """Texts and share of right answers by kind."""
    rows = cases().with_columns(detect.identify(cases()["text"], gate))
    right = rows.with_columns(right=pl.col("langs").list.contains(pl.col("lang")))
    counted = right.group_by("kind", maintain_order=True).agg(texts=pl.len(), right=pl.col("right").mean())
    return {kind: (texts, share) for kind, texts, share in counted.iter_rows()}


def test_accuracy_by_kind() -> None:
    measured = accuracy()
    assert sum(texts for texts, _ in measured.values()) >= 200 and set(measured) == set(FLOORS)
    assert {kind: share for kind, (_, share) in measured.items() if share < FLOORS[kind]} == {}


def test_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    detect._detector.cache_clear()
    assert detect.identify(pl.Series(["Die Katze schläft auf dem Sofa."]))["lang"].to_list() == ["de"]


def test_scores() -> None:
    texts = pl.Series(["오늘은 좋다", "the end, and that is привет", "Die Katze schläft auf dem Sofa.", "123", ""])
    found = detect.identify(texts)
    assert found["lang"].to_list() == ["ko", "en", "de", "und", "und"]
    assert found["lang_score"][0] == 1.0 and found["lang_score"][1] == pytest.approx(1 - 6 / 22)
    assert 0.3 <= found["lang_score"][2] <= 1 and found["lang_score"].to_list()[3:] == [0.0, 0.0]
    assert languages.confidence(texts).to_list() == found["lang_score"].to_list()


def test_of_a_row_alone_and_lines_are_no_matter() -> None:
    texts = cases()["text"]
    whole = detect.identify(texts)
    parts = pl.concat([detect.identify(texts[:50]), detect.identify(texts[50:])])
    assert whole.equals(parts)
    assert detect.identify(pl.Series(["Die Katze\nschläft\r\nauf dem Sofa."]))["lang"].to_list() == ["de"]
    assert detect.identify(pl.Series([], dtype=pl.String)).height == 0


def test_only_documents_without_a_language_are_given_one() -> None:
    rows = pl.DataFrame(
        {"text": ["안녕하세요", "안녕하세요", "the end", "Merci beaucoup"], "lang": ["ja", None, None, None]}
    )
    documents = tables.complete(rows, tables.DOCUMENTS)
    found = languages.assign(documents)
    tables.check(found, tables.DOCUMENTS)
    assert found["lang"].to_list() == ["ja", "ko", "en", "fr"]
    assert found.drop("lang").equals(documents.drop("lang"))
    assert languages.assign(found).equals(found)
    assert languages.assign(documents[:0]).height == 0

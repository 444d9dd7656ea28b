"""The score without a model on sentences of five kinds in two languages, and how it grows with abuse."""

from pathlib import Path

import polars as pl
import pytest

from curation.toxicity import candidates, density, score

CASES = Path(__file__).with_name("cases.txt")


def cases() -> dict[str, pl.Series]:
    found: dict[str, list[str]] = {}
    kind = ""
    for line in CASES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif not line.startswith("# "):
            found.setdefault(kind, []).append(line)
    return {kind: pl.Series(texts) for kind, texts in found.items()}


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_abuse_is_found_and_speaking_of_it_is_not_abuse(lang: str) -> None:
    """Counter-speech and quotation: all hold a listed word, and at most one in twenty may be taken for abuse."""
    toxic, mention = cases()[f"toxic {lang}"], cases()[f"mention {lang}"]
    assert len(toxic) >= 40 and len(mention) >= 40
    assert (density(toxic) > 0.5).mean() >= 0.95
    assert (candidates(mention) > 0).all() and (density(mention) > 0.5).mean() <= 0.05


@pytest.mark.parametrize("kind", ["identity en", "identity ko", "clean en", "clean ko"])
def test_identity_terms_and_look_alikes_are_no_candidates(kind: str) -> None:
    texts = cases()[kind]
    assert len(texts) >= 20 and candidates(texts).to_list() == [0] * len(texts)


def test_density() -> None:
    words = " ".join(["word"] * 39)
    texts = pl.Series(["moron", f"{words} moron", f"{words} word moron", f'He said "moron". {words}', ""])
    assert score.aimed(texts).to_list() == [1, 1, 1, 0, 0]
    assert density(texts).to_list() == pytest.approx([1.0, 20 / 40, 20 / 41, 0.0, 0.0])
    assert density(texts[:0]).to_list() == []

"""Rules on language: which are kept, and with what confidence."""

import polars as pl
import pytest

from curation import languages, tables
from curation.errors import InputError
from curation.rules import rule
from curation.rules.language import language_rules


def failing(rules: tuple[rule.Rule, ...], *texts: str) -> list[str | None]:
    rows = pl.DataFrame({"text": texts}).with_row_index("record").with_columns(doc_id=pl.format("d{}", "record"))
    documents = languages.assign(tables.complete(rows, tables.DOCUMENTS))
    return rule.decide(rule.score(documents, rules), rules)["first_failing_rule"].to_list()


def test_keep_and_confidence() -> None:
    texts = (
        "오늘은 날씨가 좋다",
        "the end of it",
        "Die Katze schläft auf dem Sofa.",
        "12",
        "the end и вот и всё что было",
    )
    assert failing(language_rules(keep=["ko", "en"]), *texts) == [
        None,
        None,
        "language.kept",
        "language.kept",
        "language.kept",
    ]
    assert failing(language_rules(keep=["ko", "und"]), *texts) == [None, *["language.kept"] * 2, None, "language.kept"]
    assert failing(language_rules(min_score=0.99), *texts)[:2] == [None, None]
    assert failing(language_rules(min_score=0.01), *texts)[3] == "language.score"
    assert failing(language_rules(), *texts) == [None] * 5


def test_definitions_can_be_compared_between_runs() -> None:
    assert rule.definitions(language_rules(["ko"], 0.5)) == rule.definitions(language_rules(["ko"], 0.9))
    assert rule.definitions(language_rules(["ko"])) != rule.definitions(language_rules(["en"]))


@pytest.mark.parametrize("keep", ["ko", ["korean"], ["KO"], [1], [""]])
def test_what_is_no_code_is_refused(keep: object) -> None:
    with pytest.raises(InputError, match=r"rules\.languages\.keep"):
        language_rules(keep=keep)  # type: ignore[arg-type]

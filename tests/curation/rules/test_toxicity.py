"""Rules on abuse: who is dropped, by density and by a learned score; topics never drop."""

from pathlib import Path

import polars as pl
import pytest

from curation import quality, tables
from curation import toxicity as lists
from curation.errors import InputError
from curation.rules import rule
from curation.rules.toxicity import toxicity

TEXTS = ("Shut the fuck up, moron.", "He called me an idiot.", "야 이 병신아", "자살 예방 상담 전화", "The end.", "")


def scored(rules: tuple[rule.Rule, ...]) -> tuple[pl.DataFrame, list[str | None]]:
    rows = pl.DataFrame({"text": TEXTS}).with_row_index("record").with_columns(doc_id=pl.format("d{}", "record"))
    scores = rule.score(tables.complete(rows, tables.DOCUMENTS), rules)
    return scores, rule.decide(scores, rules)["first_failing_rule"].to_list()


def test_density_drops_and_topics_do_not() -> None:
    scores, failing = scored(toxicity())
    assert failing == ["toxicity.score", None, "toxicity.score", None, None, None]
    assert scores["toxicity.candidates"].to_list() == [2, 1, 1, 0, 0, 0]
    assert scores["sensitive.self_harm"].to_list() == [0, 0, 0, 1, 0, 0]
    assert [each.name for each in toxicity(topics=False)] == ["toxicity.candidates", "toxicity.score"]
    assert scored(toxicity(max_score=None))[1] == [None] * 6


def test_a_learned_score_decides_about_candidates(tmp_path: Path) -> None:
    bad = [f"you {word} idiot number {n}" for n in range(20) for word in ("stupid", "silly")]
    good = [f"he called her an idiot {n} times and {word}" for n in range(20) for word in ("cried", "left")]
    labelled = pl.DataFrame({"text": bad + good, "label": [1] * len(bad) + [0] * len(good)})
    model = lists.train(labelled)
    assert model.held_out is not None and model.held_out.accuracy > 0.9
    quality.save(model, tmp_path)
    texts = pl.Series(["you silly idiot", "he called them an idiot and left", "you silly person"])
    learned = lists.learned(texts, model)
    assert learned[0] > 0.5 > learned[1] and learned[2] == 0.0
    rules = toxicity(model=str(tmp_path), topics=False)
    assert rule.definitions(rules) != rule.definitions(toxicity(topics=False))
    assert scored(rules)[0]["toxicity.score"].to_list()[3:] == [0.0] * 3
    with pytest.raises(InputError, match="fingerprint of the model"):
        lists.learned_from(texts, str(tmp_path), "another")
    with pytest.raises(InputError):
        toxicity(model=str(tmp_path / "none"))


def test_labelled_rows_are_for_a_step_to_train_on() -> None:
    rules = toxicity(labelled=["abuse.jsonl"])
    assert "trained on abuse.jsonl" in rules[1].definition
    with pytest.raises(Exception, match="found no model yet"):
        scored(rules)
    with pytest.raises(InputError, match="found model and labelled"):
        toxicity(model="m", labelled=["abuse.jsonl"])
    with pytest.raises(InputError, match="labelled: found 'abuse.jsonl', expected a list"):
        toxicity(labelled="abuse.jsonl")

"""`keepwise review` from a curated run to overrides and a trained model, through the parts that the command calls."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from curation import quality
from curation.errors import InputError
from curation.review import answers
from pipelines import cli
from pipelines.review import main
from pipelines.review.deck import Deck
from pipelines.review.desk import Desk
from pipelines.review.journal import Journal

PROSE = (
    "The harbour of the town was built by the people that have lived there for a long time, and it is said to be "
    "with them that the boats come home in the evening when the wind has turned and the tide begins to fall again. "
)

WORDS = sorted(set(PROSE.replace(".", "").split()))


def answer(deck: Deck, choose: Callable[[dict[str, object]], str]) -> None:
    journal = Journal(deck.folder / "answers" / "ann.jsonl")
    desk = Desk(deck, "ann", journal)
    for card in deck.cards.iter_rows(named=True):
        desk.answer(card["row_id"], choose(card))
    journal.close()


def test_a_real_run_can_be_reviewed(tmp_path: Path) -> None:
    draw = random.Random(3)
    texts = [" ".join(draw.choices(WORDS, k=90)) + "." for _ in range(30)]
    texts += [f"Too short {n}." for n in range(25)] + [texts[0]] * 3
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    with pytest.raises(SystemExit) as end:
        cli.main(["curate", str(corpus), "--out", str(tmp_path / "run")])
    assert end.value.code == 0
    deck = main.open_run(tmp_path / "run", None, {"size": 58})
    assert deck.folder == tmp_path / "run/review/curate"
    assert deck.cards.height == 58 and deck.cards["text"].null_count() == 0
    assert deck.facts["kept"] + deck.facts["dropped"] == 58
    said: list[str] = []
    answer(deck, lambda card: "keep" if "the" in str(card["text"]) and card["question"] == "quality" else "drop")
    main.tell(deck, "run", said.append)
    assert any("kept rows that people would keep" in line and "100%" in line for line in said)
    assert main.open_run(tmp_path / "run", None, {}).cards.equals(deck.cards)


def test_overrides_are_written_and_repeat_byte_for_byte(run: Path) -> None:
    deck = main.open_run(run, None, {"size": 76})
    answer(deck, lambda card: "drop" if card["rule"] is None else "keep")
    path = main.apply(deck, lambda line: None)
    assert path == run / "review/corpus/overrides.parquet"
    first = path.read_bytes()
    found = pl.read_parquet(path)
    assert found.schema == answers.OVERRIDES
    assert dict(found["decision"].value_counts().iter_rows()) == {"drop": 40, "keep": 36}
    said: list[str] = []
    assert main.apply(deck, said.append).read_bytes() == first
    assert said == [f"36 dropped rows are to be kept, 40 kept rows to be dropped: {path}"]


def test_answers_train_the_learned_rule(tmp_path: Path, make_run: Callable[..., list[str]]) -> None:
    good = [(f"{PROSE}It is story number {n} of the harbour.", None, 9.0) for n in range(60)]
    bad = [(f"cheap pills click here buy now {n} !!! win $$$ {n * 7}", "words", 2.0) for n in range(60)]
    again = [(f"{PROSE}Again.", "duplicate.exact", 9.0)] * 5
    make_run(tmp_path / "r", [*good, *bad, *again])
    deck = main.open_run(tmp_path / "r", None, {"size": 125})
    answer(deck, lambda card: "keep" if card["rule"] is None else "drop")
    said: list[str] = []
    main.train(deck, tmp_path / "model", said.append)
    labelled = pl.read_parquet(deck.folder / "labelled.parquet")
    assert labelled.height == 120  # that a text is repeated says nothing of its quality
    assert int(labelled["label"].sum()) == 60
    model = quality.load(tmp_path / "model")
    scores = quality.score(pl.DataFrame({"text": [PROSE, "click here buy cheap pills now !!!"]}), model)
    assert scores[0] > 0.5 > scores[1]
    assert any(line.startswith("120 labelled rows, 60 to keep and 60 to drop") for line in said)


def test_too_few_answers_to_train_are_refused(run: Path) -> None:
    deck = main.open_run(run, None, {"size": 76})
    with pytest.raises(InputError):
        main.train(deck, run.parent / "model", lambda line: None)
    assert not (run.parent / "model").exists()


def test_pairs_override_and_train_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"prompt": "p", "chosen": "a", "rejected": "b"}\n')
    deck = main.open_pairs(tmp_path, [path], {})
    for work in (lambda: main.apply(deck, print), lambda: main.train(deck, tmp_path / "m", print)):
        with pytest.raises(InputError, match="found a review of pairs, expected one of rows"):
            work()


def test_names_are_checked_before_anything_is_served(run: Path) -> None:
    deck = main.open_run(run, None, {})
    with pytest.raises(InputError, match="reviewer: found the name '../ann'"):
        main.sit(deck, main.Sitting(reviewer="../ann"), print)
    assert not (deck.folder / "answers").exists()


def test_options_of_the_sample_are_those_given(run: Path) -> None:
    assert main.open_run(run, "corpus", {"size": 30, "seed": 4}).cards.height == 30
    with pytest.raises(InputError, match="drawn with seed 4, expected 5"):
        main.open_run(run, None, {"seed": 5})
    assert main.open_run(run, None, {"size": 40}, fresh=True).cards.height == 40

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pipelines.demo
from curation.errors import InputError
from pipelines.demo.skills import SKILLS
from train.data import comparisons
from train.data.encoding import Encoder
from train.methods import answers, preference
from train.options.preferences import Preferences
from train.options.run import Source, TrainOptions
from train.training import train

SEED_MODEL = Path(pipelines.demo.__file__).parent / "seed_model"


@pytest.fixture
def encoder(byte_tokenizer: Callable[..., Any]) -> Encoder:
    return Encoder(byte_tokenizer(), frozenset({1}), 24, "drop")


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def prepared(options: TrainOptions, encoder: Encoder) -> preference.Prepared:
    return preference.prepared(options, encoder, comparisons.pairs, answers.COLUMNS)


def test_every_row_is_trained_on_held_out_or_in_the_ledger(tmp_path: Path, encoder: Encoder) -> None:
    def rows(name: str, *more: dict[str, Any]) -> Path:
        return write(tmp_path / name, {"prompt": "a", "chosen": "b", "rejected": "c"},
                     {"prompt": "a", "chosen": "b", "rejected": "c" * 30}, *more)  # fmt: skip

    source = rows("rows.jsonl", {"prompt": "a", "chosen": "", "rejected": "c"})
    held_out = rows("held.jsonl", {"prompt": "a", "responses": ["x", "y", "z"], "scores": [1, 0, 2]})
    options = TrainOptions("m", (Source(source),), method="dpo", preferences=Preferences(held_out), batch_size=2)
    made = prepared(options, encoder)
    assert len(made.dataset) == 1 and made.held_out is not None
    assert [[encoder.tokenizer.decode(answer) for answer in row] for row in made.held_out["answers"].to_list()] == [
        ["b<|end|>", "c<|end|>"], ["z<|end|>", "y<|end|>"]
    ]  # fmt: skip
    assert made.ledger.select("file", "record", "rule").sort("file", "record").rows() == [
        ("held.jsonl", 1, "train.over_long"), ("rows.jsonl", 1, "train.over_long"), ("rows.jsonl", 2, "train.empty")
    ]  # fmt: skip
    facts = made.sources["rows.jsonl"]
    assert (facts["available"]["rows"], facts["dropped"], facts["rows"]) == (3, 2, 1)
    assert (facts["tokens"], facts["loss_tokens"]) == (6, 4)


def test_the_fingerprint_of_a_source_knows_its_answers_and_scores_and_no_order(
    tmp_path: Path, encoder: Encoder
) -> None:
    rows = [{"prompt": "a", "responses": ["x", "y"], "scores": [n, 0.5]} for n in range(4)]
    rows += [{"prompt": "b", "responses": ["x", "y"], "scores": [1, 0.5]}]

    def fingerprint(*given: dict[str, Any]) -> Any:
        options = TrainOptions("m", (Source(write(tmp_path / "rows.jsonl", *given)),), method="rrhf")
        made = preference.prepared(options, encoder, comparisons.rankings, answers.COLUMNS)
        return made.sources["rows.jsonl"]["fingerprint"], list(made.dataset)

    assert fingerprint(*rows) == fingerprint(*reversed(rows))
    changed = {**rows[0], "scores": [0.25, 0.5]}
    assert fingerprint(changed, *rows[1:])[0] != fingerprint(*rows)[0]
    assert fingerprint({**rows[0], "responses": ["x", "z"]}, *rows[1:])[0] != fingerprint(*rows)[0]


def test_ordered_rows_keep_their_order(tmp_path: Path, encoder: Encoder) -> None:
    rows = [{"prompt": f"{n}", "chosen": "b", "rejected": "c"} for n in range(12)]
    path = write(tmp_path / "rows.jsonl", *rows)
    made = prepared(TrainOptions("m", (Source(path, ordered=True),), method="orpo"), encoder)
    assert [encoder.tokenizer.decode(ids) for ids in made.dataset["prompt_ids"]] == [f"{n}" for n in range(12)]


def test_comparisons_have_no_text_column(tmp_path: Path, encoder: Encoder) -> None:
    path = write(tmp_path / "rows.jsonl", {"prompt": "a", "chosen": "b", "rejected": "c"})
    options = TrainOptions("m", (Source(path, text_column="chosen"),), method="dpo")
    with pytest.raises(InputError, match="rows.jsonl: text_column is 'chosen', expected none with method dpo"):
        prepared(options, encoder)


def emphatic(split: str, count: int) -> list[dict[str, Any]]:
    """Pairs in which an answer with an exclamation mark is better than the seed model's own, of all of its skills."""
    items = [item for skill in SKILLS for item in skill.items(split, count, 0) if item.completion.endswith(".")]
    return [{"prompt": [{"role": "user", "content": item.prompt}], "chosen": item.completion[:-1] + "!",
             "rejected": item.completion} for item in items]  # fmt: skip


@pytest.fixture(scope="module")
def seed_pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pairs")
    return write(folder / "train.jsonl", *emphatic("train", 5)), write(folder / "test.jsonl", *emphatic("test", 2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "tuning"),
    [("dpo", "lora"), ("kto", "full"), ("orpo", "full"), ("slic", "full"), ("rrhf", "lora")],
)
def test_the_seed_model_learns_to_prefer_what_it_was_shown_on_prompts_it_was_not(
    method: Any, tuning: Any, seed_pairs: tuple[Path, Path], tmp_path: Path
) -> None:
    train_on, held_out = seed_pairs
    options = TrainOptions(str(SEED_MODEL), (Source(train_on),), method=method, tuning=tuning, steps=12, batch_size=8,
                           learning_rate=5e-3 if tuning == "lora" else 1e-3, preferences=Preferences(held_out),
                           threads=1)  # fmt: skip
    report = train(options, tmp_path / "out")
    found = report.card["held_out"]
    assert found["prompts_trained_on"] == 0 and found["before"]["pairs"] == len(emphatic("test", 2))
    assert found["before"]["high"] < found["after"]["low"], found
    assert found["before"]["per_token"] == (method in ("orpo", "rrhf"))
    assert str(train_on.parent) not in (report.folder / "run_card.json").read_text()


@pytest.mark.shared_data
@pytest.mark.parametrize("method", ["dpo", "rrhf"])
def test_hh_rlhf_is_trained_on_as_it_is(method: Any, shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "instructions" / "hh-rlhf-harmless.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line, _ in zip(lines, range(300), strict=False)]
    source = write(tmp_path / "hh.jsonl", *rows)
    options = TrainOptions(str(shared_data / "models" / "stories260k"), (Source(source),), method=method, tuning="full",
                           steps=2, batch_size=2, max_tokens=200, over_long="drop", threads=1)  # fmt: skip
    report = train(options, tmp_path / "out")
    facts = report.card["sources"]["hh.jsonl"]
    assert facts["available"]["rows"] == 300 and facts["dropped"] == report.ledger.height
    assert 0 < facts["dropped"] < 300
    assert report.ledger["rule"].is_in(["train.over_long", "train.empty", "train.equal"]).all()

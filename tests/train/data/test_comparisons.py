import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from train.data.comparisons import COMPARISONS, labelled, load, pairs, rankings

USER, GOOD, BAD = ({"role": role, "content": content} for role, content in (("user", "a?"), ("assistant", "good"),
                                                                            ("assistant", "bad")))  # fmt: skip


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def one(*records: dict[str, Any]) -> pl.DataFrame:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return load(path)

    return one


def content(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return frame.select("form", "prompt", "asked", "answers", "scores").rows()


def test_strings_are_taken_as_they_stand(read: Any) -> None:
    found = read(
        {"prompt": "Q: ", "chosen": " yes", "rejected": "no"},
        {"prompt": "", "completion": "c", "label": False},
        {"prompt": "Q", "responses": ["x", "y", "z"], "scores": [1, 2.5, -3]},
    )
    tables.check(found, COMPARISONS)
    assert content(found) == [
        ("pair", "Q: ", None, [" yes", "no"], [1.0, 0.0]),
        ("label", "", None, ["c"], [0.0]),
        ("ranking", "Q", None, ["x", "y", "z"], [1.0, 2.5, -3.0]),
    ]
    assert found.select("file", "record").rows() == [("rows.jsonl", n) for n in range(3)]
    assert found["row_id"].n_unique() == 3


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]},
        {"prompt": [USER], "chosen": "good", "rejected": "bad"},
        {"prompt": [USER], "chosen": [USER, GOOD], "rejected": [USER, BAD]},
        {"prompt": "a?", "chosen": [USER, GOOD], "rejected": [USER, BAD]},
        {"chosen": [USER, GOOD], "rejected": [USER, BAD], "score_chosen": 9.0},
    ],
)
def test_conversations_in_every_form_are_one_row(read: Any, record: dict[str, Any]) -> None:
    assert content(read(record)) == [("pair", None, [USER], ["good", "bad"], [1.0, 0.0])]


def test_a_shared_beginning_is_the_prompt(read: Any) -> None:
    past = [USER, GOOD, {"role": "user", "content": "and b?"}]
    (row,) = content(read({"chosen": [*past, GOOD], "rejected": [*past, BAD]}))
    assert row[2] == past and row[3] == ["good", "bad"]
    (same,) = content(read({"chosen": [*past, GOOD], "rejected": [*past, GOOD]}))
    assert same[2] == past and same[3] == ["good", "good"]
    text = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"
    (raw,) = content(read({"chosen": f"{text} Yes, it is", "rejected": f"{text} Yes, no"}))
    assert raw == ("pair", text, None, [" Yes, it is", " Yes, no"], [1.0, 0.0])


def test_what_synthesis_writes_is_read(tmp_path: Path) -> None:
    samples = {
        "preference": {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]},
        "label": {"prompt": [USER], "completion": [GOOD], "label": True},
        "ranking": {"prompt": [USER], "responses": [[BAD], [GOOD]], "scores": [0.0, 2.0]},
    }
    for kind, row in samples.items():
        own = pl.DataFrame([{"sample_id": f"id of {kind}", **row}], schema_overrides=tables.SAMPLE_KINDS[kind])
        frame = tables.complete(own, tables.samples_schema(kind))
        (tmp_path / kind).mkdir()
        frame.write_parquet(tmp_path / kind / "part-0000.parquet")
    found = load(tmp_path)
    assert found["row_id"].to_list() == ["id of label", "id of preference", "id of ranking"]
    assert found["form"].to_list() == ["label", "pair", "ranking"]
    assert found["asked"].to_list() == [[USER]] * 3
    assert found["answers"].to_list() == [["good"], ["good", "bad"], ["bad", "good"]]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"prompt": "a", "text": "b"}, "'keys' are prompt, text, expected columns 'chosen' and 'rejected'"),
        ({"prompt": "a", "chosen": "b", "rejected": None}, "'keys' are prompt, chosen"),
        ({"prompt": "a", "completion": "b", "label": 1}, "'label' is 1, expected true or false"),
        ({"completion": "b", "label": True}, "'prompt' is not there"),
        ({"prompt": 3, "completion": "b", "label": True}, "'prompt' is int, expected text or a list"),
        ({"prompt": "a", "responses": ["b"], "scores": [1]}, "'responses' is a list of 1, expected .* at least two"),
        (
            {"prompt": "a", "responses": ["b", "c"], "scores": [1]},
            r"'scores' is \[1\], expected a number for each of 2",
        ),
        ({"prompt": "a", "responses": ["b", "c"], "scores": [1, True]}, "'scores' is"),
        ({"prompt": "a", "responses": ["b", "c"], "scores": [1, float("nan")]}, "'scores' is"),
        ({"prompt": "a", "chosen": [GOOD], "rejected": "b"}, "'chosen' is a list of turns beside a 'prompt' of text"),
        ({"prompt": [USER], "chosen": [GOOD, USER], "rejected": "b"}, r"'chosen' has turns of \['assistant', 'user'\]"),
        (
            {"prompt": [USER], "chosen": "g", "rejected": [{"role": "assistant"}]},
            "'rejected' has the turn .* expected text",
        ),
        ({"prompt": [USER, GOOD], "chosen": "g", "rejected": "b"}, "'prompt' ends with a turn of the assistant"),
        ({"prompt": "a", "chosen": "g", "rejected": "b", "tools": [{"name": "f"}]}, "'tools' holds something"),
        ({"prompt": "a", "completion": "b", "label": True, "images": ["x.png"]}, "'images' holds something"),
        ({"prompt": [USER], "chosen": [{**GOOD, "tool_calls": [1]}], "rejected": "b"}, "has a turn with 'tool_calls'"),
        ({"prompt": [{"role": "tool", "content": "3"}], "chosen": "g", "rejected": "b"}, "has a turn of 'tool'"),
        ({"chosen": "one", "rejected": "other"}, "share 'o' without a 'prompt', expected a 'prompt' or texts"),
        ({"chosen": "\n\nHuman: a", "rejected": "\n\nHuman: a"}, "share an '.*Assistant:'"),
        ({"chosen": "\n\nHuman: a", "rejected": [USER, BAD]}, "'chosen' is str, expected"),
    ],
)
def test_an_error_names_file_record_and_key(read: Any, record: dict[str, Any], message: str) -> None:
    sound = {"prompt": "a", "chosen": "b", "rejected": "c"}
    with pytest.raises(InputError, match=rf"rows.jsonl, line 2: .*{message}"):
        read(sound, record)


def test_what_a_text_says_is_no_turn(read: Any) -> None:
    """A prompt of its own keeps marks of turns where they stand."""
    said = "say \n\nAssistant: ok"
    (row,) = content(
        read({"prompt": [{"role": "user", "content": said}], "chosen": "\n\nAssistant: x", "rejected": "y"})
    )
    assert row[2] == [{"role": "user", "content": said}] and row[3] == ["\n\nAssistant: x", "y"]


def test_ids_do_not_depend_on_the_place(read: Any) -> None:
    records = [{"prompt": "a", "chosen": f"{n}", "rejected": "no"} for n in range(4)]
    assert set(read(*records)["row_id"]) == set(read(*reversed(records))["row_id"])
    assert read({**records[0], "sample_id": 7})["row_id"].to_list() == ["7"]


def test_a_ranking_is_a_pair_of_its_best_and_its_worst(read: Any) -> None:
    found = read(
        {"prompt": "Q", "responses": ["x", "y", "z"], "scores": [1, 3, -2]},
        {"prompt": "Q", "chosen": "b", "rejected": "c"},
        {"prompt": "Q", "responses": ["x", "y", "z"], "scores": [0, 0, 0]},
    )
    made = pairs(found, "s")
    assert content(made) == [
        ("pair", "Q", None, ["y", "z"], [3.0, -2.0]),
        ("pair", "Q", None, ["b", "c"], [1.0, 0.0]),
        ("pair", "Q", None, ["x", "z"], [0.0, 0.0]),  # a tie, for the ledger
    ]
    assert rankings(found, "s")["form"].to_list() == ["ranking"] * 3
    assert rankings(found, "s").drop("form").equals(found.drop("form"))


def test_a_pair_is_two_labels(read: Any) -> None:
    found = read({"prompt": "Q", "chosen": "b", "rejected": "c"}, {"prompt": "Q", "completion": "d", "label": True})
    made = labelled(found, "s")
    assert made.select("answers", "scores").rows() == [(["b"], [1.0]), (["c"], [0.0]), (["d"], [1.0])]
    first = found["row_id"][0]
    assert made["row_id"].to_list() == [f"{first}/chosen", f"{first}/rejected", found["row_id"][1]]


def test_what_a_method_cannot_use_is_refused_naming_the_row(read: Any) -> None:
    label = read({"prompt": "Q", "completion": "d", "label": True, "sample_id": "r"})
    for change in (pairs, rankings):
        with pytest.raises(InputError, match=r"s/rows.jsonl, line 1 \(r\): found an answer with a label, expected"):
            change(label, "s")
    ranking = read({"prompt": "Q", "responses": ["x", "y"], "scores": [1, 3], "sample_id": "r"})
    with pytest.raises(InputError, match="found a ranking, expected answers with a label, or pairs"):
        labelled(ranking, "s")


@pytest.mark.shared_data
def test_hh_rlhf_is_read_whole(shared_data: Path) -> None:
    found = load(shared_data / "instructions" / "hh-rlhf-harmless.jsonl.gz")
    assert found.height == 2312
    assert found["prompt"].str.ends_with("\n\nAssistant:").all()
    assert found.filter(pl.col("answers").list.eval(pl.element().str.strip_chars() == "").list.any()).height == 4

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from curation import tables
from curation.errors import InputError
from curation.model import Response
from train.evaluation.evaluate import evaluate, means, perplexities
from train.evaluation.tasks import Check, Task
from train.options.run import Source, TrainOptions
from train.training import train

ASK = (("user", "say ab"),)


@pytest.fixture(scope="module")
def model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory, engine: Any) -> Any:
    """An engine of a model that answers "say ab" with "AB ab." and nothing else."""
    folder = tmp_path_factory.mktemp("evaluated")
    answer = [{"role": "assistant", "content": "AB ab."}]
    row = {"prompt": [{"role": "user", "content": "say ab"}], "completion": answer}
    (folder / "rows.jsonl").write_text(json.dumps(row))
    options = TrainOptions(model=str(tiny_model), data=(Source(folder / "rows.jsonl"),), tuning="full", steps=25,
                           batch_size=4, learning_rate=5e-3, threads=1)  # fmt: skip
    return engine(train(options, folder / "out").folder)


def test_generated_answers_score_by_their_best_reference(model: Any) -> None:
    def item(metric: str, *references: str) -> Task:
        return Task(f"{metric}:{'|'.join(references)}", "t", metric, ASK, references)

    items = [
        item("verbatim", "ab ab.", "AB ab"), item("verbatim", "no", "AB ab."),
        item("exact_match", "no", "ab"), item("exact_match", "no", "ab ab"), item("contains", "b a", "x"),
        item("rouge_l", "AB cd"), item("refusal", "i cannot"), item("no_refusal", "i cannot"), item("refusal", "AB"),
    ]  # fmt: skip
    told: list[int] = []
    table = evaluate(model, None, items, "m", "after", 3, max_tokens=16, progress=told.append)
    tables.check(table, tables.EVALUATION)
    scores = dict(zip(table["item"], table["score"], strict=True))
    assert [scores[one.id] for one in items] == [0.0, 1.0, 0.0, 1.0, 1.0, 0.5, 0.0, 1.0, 1.0]
    assert set(table["prediction"]) == {"AB ab."}
    assert table.select("model", "stage", "seed", "task").unique().rows() == [("m", "after", 3, "t")]
    assert table["source"][0] == f"t/{table['item'][0]}"
    assert sum(told) == len(items)
    assert set(table["finish_reason"]) == {"stop"}
    assert means(table).filter(metric="exact_match").select("mean", "items").rows() == [(0.5, 2)]


def test_checks_pass_or_fail_and_a_refusal_is_known_by_the_house_s_phrases(model: Any) -> None:
    def item(name: str, *references: str, **check: Any) -> Task:
        return Task(name, "t", "check", ASK, references, check=Check(**check))

    tests = "def answer(): pass\nassert False"
    items = [
        item("right", "no", "ab ab", kind="short_answer"), item("wrong", "abc", kind="short_answer"),
        item("pattern", kind="regex", pattern="AB [a-c]+[.]"), item("number", "3", kind="number"),
        item("choice", "ab", kind="choice", choices=("ab", "cd")), item("code", tests, kind="python_code"),
        Task("says no", "t", "refusal", ASK, ()), Task("answers", "t", "no_refusal", ASK, ()),
        Task("first", "t", "first_word", ASK, ("ab",)),
    ]  # fmt: skip
    table = evaluate(model, None, items, "m", max_tokens=16)
    found = dict(table.select("item", "score").rows())
    assert found == {
        "right": 1.0, "wrong": 0.0, "pattern": 1.0, "number": 0.0, "choice": 1.0, "code": 0.0,
        "says no": 0.0, "answers": 1.0, "first": 1.0,
    }  # fmt: skip


def test_a_corpus_has_the_bits_of_its_texts_over_their_bytes(model: Any) -> None:
    texts = ("short", "a text that is a good deal longer than the other one")
    items = [Task(str(n), "t", "bits_per_byte", (), (text,)) for n, text in enumerate(texts)]
    table = evaluate(None, model, items, "m")
    parts = [json.loads(text) for text in table["prediction"]]
    bits, size = (sum(part[name] for part in parts) for name in ("bits", "bytes"))
    assert size == len("".join(texts))
    (mean,) = means(table)["mean"]
    assert mean == pytest.approx(bits / size, rel=1e-5)
    assert mean != pytest.approx(table["score"].mean(), rel=1e-3)
    (row,) = perplexities(table).rows(named=True)
    assert row["perplexity"] == pytest.approx(2 ** (bits / size))  # a token a byte
    assert row["tokens"] == size


def test_an_answer_that_was_cut_says_so(model: Any) -> None:
    table = evaluate(model, None, [Task("1", "t", "verbatim", ASK, ("AB ab.",))], "m", max_tokens=4)
    assert table.select("score", "prediction", "finish_reason").rows() == [(0.0, "AB a", "length")]


def test_a_choice_is_the_likeliest_text_whole_or_by_byte(model: Any) -> None:
    items = [Task("1", "t", "choice", ASK, ("AB ab.",), ("AB ab.", "xyz")),
             Task("2", "t", "choice", ASK, ("xyz",), ("AB ab.", "xyz"))]  # fmt: skip
    table = evaluate(None, model, items, "m")
    assert table.select("item", "metric", "score", "prediction").rows() == [
        ("1", "choice", 1.0, "AB ab."), ("1", "choice_per_byte", 1.0, "AB ab."),
        ("2", "choice", 0.0, "AB ab."), ("2", "choice_per_byte", 0.0, "AB ab."),
    ]  # fmt: skip
    assert table["finish_reason"].null_count() == table.height  # nothing was generated


def test_length_decides_between_raw_and_per_byte(model: Any) -> None:
    """A long likely continuation loses against one unlikely byte by sum and wins by byte."""
    long = "AB ab." + "<|end|>" * 30
    table = evaluate(None, model, [Task("1", "t", "choice", ASK, (long,), (long, "A"))], "m")
    assert dict(table.select("metric", "score").rows()) == {"choice": 0.0, "choice_per_byte": 1.0}


@pytest.mark.shared_data
def test_bits_per_byte_of_one_window_is_the_models_own_likelihood(shared_data: Path, engine: Any) -> None:
    folder = shared_data / "models" / "stories260k"
    text = "Once upon a time, there was a little girl named Lily. She loved to play."
    item = Task("1", "stories", "bits_per_byte", (), (text,))
    table = evaluate(None, engine(folder), [item], "m", window_bytes=200, context_bytes=100)
    ids = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        mean = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(ids, labels=ids).loss
    expected = float(mean) * (ids.shape[1] - 1) / math.log(2) / len(text.encode())
    assert table["score"][0] == pytest.approx(expected, rel=1e-5)
    assert json.loads(table["prediction"][0])["bytes"] == len(text.encode())
    other = Task("2", "medicine", "bits_per_byte", (), ("Hypertrophic cardiomyopathy is a disease of the myocardium.",))
    assert evaluate(None, engine(folder), [other], "m")["score"][0] > 2 * table["score"][0]
    cut = evaluate(None, engine(folder), [item], "m", window_bytes=24, context_bytes=24)["score"][0]
    assert expected < cut < 2.5 * expected  # less context, and the same bytes counted


def test_bits_per_byte_does_not_depend_on_windows_where_the_model_sees_no_further(raw_model: Path, engine: Any) -> None:
    """An untrained model says nearly the same of every byte: every window size counts every byte once."""
    item = Task("1", "t", "bits_per_byte", (), ("some text that is cut in several windows " * 3,))
    scorer = engine(raw_model)
    evaluated = [evaluate(None, scorer, [item], "m", window_bytes=size, context_bytes=16) for size in (16, 120)]
    scores = [table["score"][0] for table in evaluated]
    assert scores[0] == pytest.approx(scores[1], rel=0.1)
    assert scores[0] == pytest.approx(math.log2(261), rel=0.1)


class Refusing:
    """An engine for which every prompt is too long."""

    name, fingerprint = "refusing", ""

    def generate(self, requests: Any) -> Iterator[Response]:
        for request in requests:
            yield Response(request.id, 0, "", (), "refused", 9, "prompt of 9 tokens, limit 8")


def test_what_cannot_be_asked_stops_the_evaluation(model: Any) -> None:
    item = Task("1", "t", "contains", ASK, ("x",))
    with pytest.raises(InputError, match="task 't', item '1' cannot be asked: prompt of 9 tokens, limit 8"):
        evaluate(Refusing(), None, [item], "m")
    with pytest.raises(InputError, match="needs an engine that generates"):
        evaluate(None, model, [item], "m")
    with pytest.raises(InputError, match="needs an engine that gives likelihoods"):
        evaluate(model, None, [Task("1", "t", "choice", ASK, ("x",), ("x",))], "m")

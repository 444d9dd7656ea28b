import json
import math
from pathlib import Path

import pytest

from curation import tables
from curation.errors import InputError
from train.evaluation.evaluate import means
from train.evaluation.harness import chances, margin, read, samples_of


def sample(number: int, **metrics: object) -> dict:
    """A line as lm-eval 0.4.13 writes it, but for the keys that are not read."""
    return {"doc_id": number, "doc": {}, "target": "0", "arguments": {"gen_args_0": {}, "gen_args_1": {}},
            "resps": [], "filtered_resps": [["-1.5", "False"]], "filter": "none", "metrics": list(metrics),
            "doc_hash": "", **metrics}  # fmt: skip


def write(path: Path, *records: dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_choices_are_read_with_their_second_view(tmp_path: Path) -> None:
    path = write(tmp_path / "samples_arc_easy_2026-11-21T10-00-00.1.jsonl",
                 sample(0, acc=1.0, acc_norm=0.0), sample(1, acc=0.0, acc_norm=0.0))  # fmt: skip
    frame, other = read(path, "m", 3)
    tables.check(frame, tables.EVALUATION)
    assert frame.select("model", "seed", "task").unique().rows() == [("m", 3, "arc_easy")]
    assert frame.select("item", "metric", "score").rows() == [
        ("0", "acc", 1.0), ("0", "acc_norm", 0.0), ("1", "acc", 0.0), ("1", "acc_norm", 0.0)]  # fmt: skip
    assert other == [] and chances(path) == 0.5


def test_rolled_likelihoods_are_bits_per_byte_once(tmp_path: Path) -> None:
    rolled = [sample(n, word_perplexity=[-nats, 9], byte_perplexity=[-nats, size], bits_per_byte=[-nats, size])
              for n, (nats, size) in enumerate([(10.0, 10), (60.0, 30)])]  # fmt: skip
    path = write(tmp_path / "samples_text_2026.jsonl", *rolled)
    frame, other = read(path, "m")
    assert frame["metric"].to_list() == ["bits_per_byte"] * 2 and other == ["word_perplexity"]
    assert frame["score"].to_list() == pytest.approx([1 / math.log(2), 2 / math.log(2)])
    assert means(frame)["mean"][0] == pytest.approx(70 / 40 / math.log(2))


def test_filters_are_metrics_of_their_own_and_other_numbers_are_named(tmp_path: Path) -> None:
    strict = {**sample(0, exact_match=0.0, bleu=34.5), "filter": "strict-match", "arguments": {"gen_args_0": {}}}
    loose = {**sample(0, exact_match=1.0, bleu=34.5), "filter": "flexible-extract", "arguments": {"gen_args_0": {}}}
    path = write(tmp_path / "samples_gsm8k_2026.jsonl", strict, loose)
    frame, other = read(path, "m")
    assert frame.select("metric", "score").rows() == [
        ("exact_match,flexible-extract", 1.0), ("exact_match,strict-match", 0.0)]  # fmt: skip
    assert other == ["bleu"] and chances(path) is None


def test_the_newest_file_of_a_task_counts(tmp_path: Path) -> None:
    names = ["samples_a_b_2026-01-01T00-00-00.1.jsonl", "samples_a_b_2026-02-01T00-00-00.1.jsonl",
             "samples_c_2026-01-01T00-00-00.1.jsonl"]  # fmt: skip
    for name in names:
        write(tmp_path / "out" / "model" / name, sample(0, acc=1.0))
    assert [path.name for path in samples_of(tmp_path)] == names[1:]
    assert samples_of(tmp_path / "out" / "model" / "nothing") == []


def test_what_lm_eval_did_not_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 1: found the keys 'text', expected a sample of lm-eval"):
        read(write(tmp_path / "samples_t_1.jsonl", {"text": "x"}), "m")
    with pytest.raises(InputError, match="item '0' stands there twice"):
        read(write(tmp_path / "samples_t_1.jsonl", sample(0, acc=1.0), sample(0, acc=0.0)), "m")


def test_the_margin_is_that_of_the_tasks_own_results(tmp_path: Path) -> None:
    path = write(tmp_path / "samples_arc_easy_2026-11-21T10-00-00.1.jsonl", sample(0, acc=1.0))
    other = write(tmp_path / "samples_blimp_2026-11-21T10-00-00.1.jsonl", sample(0, acc=1.0))

    def said(**configs: object) -> None:
        write(tmp_path / "results_2026-11-21T10-00-00.1.json", {"configs": configs})

    assert margin(path) is None  # there are no results
    said(arc_easy={"metadata": {"keepwise_margin": 0.02, "version": 1.0}}, blimp={"metadata": {"version": 1.0}})
    assert margin(path) == 0.02 and margin(other) is None
    write(tmp_path / "results_2026-11-22T10-00-00.1.json", {"configs": {"blimp": {"metadata": {"keepwise_margin": 1}}}})
    assert margin(other) is None  # of another run
    for value in ("0.02", 0, -1, float("nan"), None, True):
        said(arc_easy={"metadata": {"keepwise_margin": value}})
        with pytest.raises(InputError, match=r"results_\S*.json: keepwise_margin of task 'arc_easy' is .*, expected"):
            margin(path)
    for configs in ({}, {"arc_easy": None}, {"arc_easy": {"metadata": None}}):
        said(**configs)
        assert margin(path) is None
    (tmp_path / "results_2026-11-21T10-00-00.1.json").write_text("{")
    with pytest.raises(InputError, match=r"results_\S*.json: found broken JSON"):
        margin(path)

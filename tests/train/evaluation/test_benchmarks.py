import json
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.evaluation.benchmarks import read
from train.evaluation.evaluate import evaluate, means
from train.evaluation.tasks import chances, load_tasks


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def test_each_form_becomes_an_item(tmp_path: Path) -> None:
    path = write(
        tmp_path / "mixed.test.jsonl",
        {"sentence_good": "He is.", "sentence_bad": "He are.", "UID": "agreement"},
        {"context": "I don't care about ", "continuation": " signs"},
        {"query": "Question: Why?", "choices": ["Because.", "No."], "gold": 1},
        {"query": "The tap ran, therefore", "choices": ["a ", "b"], "gold": 0},
        {"ID": "1", "Text": "콜라다.", "Question": "콜라인가요?", "Answer": "TRUE"},
        {"ID": "1", "sentence": "컸다.", "question": "원인", "1": "샀다.", "2": "팔았다.", "Answer": "2"},
    )
    rows = list(read(path))
    assert rows == [
        {"id": "0", "task": "mixed", "prompt": "", "references": ["He is."], "choices": ["He is.", "He are."],
         "metric": "choice", "source": "agreement"},
        {"id": "1", "task": "mixed", "prompt": "I don't care about", "references": ["signs"], "metric": "first_word"},
        {"id": "2", "task": "mixed", "prompt": "Question: Why?\nAnswer:", "references": [" No."],
         "choices": [" Because.", " No."], "metric": "choice"},
        {"id": "3", "task": "mixed", "prompt": "The tap ran, therefore", "references": [" a"], "choices": [" a", " b"],
         "metric": "choice"},
        {"id": "4", "task": "mixed", "prompt": "콜라다. 질문: 콜라인가요? 답변:", "references": [" 예"],
         "choices": [" 아니오", " 예"], "metric": "choice", "source": "콜라다."},
        {"id": "5", "task": "mixed", "prompt": "컸다. 왜냐하면", "references": [" 팔았다."],
         "choices": [" 샀다.", " 팔았다."], "metric": "choice"},
    ]  # fmt: skip
    assert load_tasks([write(tmp_path / "items.jsonl", *rows)])[0].prompt == ""


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text": "x"}, "found the keys 'text', expected those of one of: sentence_good"),
        ({"query": "q", "choices": ["a"], "gold": 1}, "'gold' is 1, expected the place of one of 1 choices"),
        ({"query": "q", "choices": ["a", 3], "gold": 0}, "'choices' is"),
        ({"query": "", "choices": ["a"], "gold": 0}, "'query' is ''"),
        ({"Text": "a", "Question": "b", "Answer": "maybe"}, "'Answer' is 'maybe'"),
        ({"sentence": "a", "question": "누구", "1": "b", "2": "c", "Answer": 1}, "'question' and 'Answer' are '누구'"),
    ],
)
def test_what_is_none_is_named(tmp_path: Path, record: dict, message: str) -> None:
    with pytest.raises(InputError, match=f"t.jsonl, line 1: {message}"):
        list(read(write(tmp_path / "t.jsonl", record)))


@pytest.mark.long
@pytest.mark.shared_data
def test_a_small_model_of_english_stories_is_where_it_should_be(shared_data: Path, tmp_path: Path, engine: Any) -> None:
    """Grammar it has learned, knowledge and Korean it has not: above chance on BLiMP alone."""
    files = {"blimp-100-each": 13, "lambada_openai": 400, "kobest-copa": 12, "arc_easy": 40}
    paths = []
    for name, every in files.items():
        rows = list(read(shared_data / "evaluation" / f"{name}.jsonl.gz"))[::every]
        short = [row for row in rows if len(row["prompt"].encode()) < 300][:500]
        paths.append(write(tmp_path / f"{name}.jsonl", *short))
    items = load_tasks(paths)
    assert chances(items) == {"arc_easy": pytest.approx(0.25, abs=0.01), "blimp-100-each": 0.5, "kobest-copa": 0.5}
    model = engine(shared_data / "models" / "stories260k")
    table = evaluate(model, model, items, "stories", max_tokens=8)
    found = {(task, metric): (mean, count) for task, metric, mean, count in
             means(table).select("task", "metric", "mean", "items").iter_rows()}  # fmt: skip
    mean, count = found["blimp-100-each", "choice"]
    assert count == 500 and mean > 0.5 + 1.645 * (0.25 / count) ** 0.5  # by chance in one of twenty
    mean, count = found["kobest-copa", "choice"]
    assert abs(mean - 0.5) < 3 * (0.25 / count) ** 0.5
    assert found["lambada_openai", "first_word"][0] < 0.3

"""A run's folder with rows of every fate, written table by table: texts are hostile and scores are chosen."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from curation import storage, tables
from pipelines.run import Made, Run

Row = tuple[str, str | None, float]  # text, rule that dropped it, number of words
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<style>*{display:none}</style>{{7*7}}${7*7}\u202edrow\u0000 &amp; \"'`"
)
KOREAN = "그 마을의 항구는 오래전부터 그곳에 살던 사람들이 지었고, 저녁이면 배들이 돌아온다."


def document(number: int, text: str) -> dict[str, object]:
    return {
        "doc_id": tables.document_id("corpus", "corpus.jsonl", number, text),
        "content_id": tables.content_id(text),
        "text": text,
        "source": "corpus",
        "file": "corpus.jsonl",
        "record": number,
        "lang": None,
        "meta": "{}",
        "parents": [],
    }


def write_run(folder: Path, rows: Sequence[Row], sensitive: Sequence[int] = (), keep_dropped: bool = True) -> list[str]:
    """Write a run of one curate step in which `words` drops below 5 and `duplicate` names row 0; ids in order."""
    made = [document(number, text) for number, (text, _, _) in enumerate(rows)]
    frame = pl.DataFrame(made, schema=tables.DOCUMENTS)
    rules = pl.Series([rule for _, rule, _ in rows], dtype=pl.String)
    measured = pl.Series([value for _, _, value in rows], dtype=pl.Float64)
    ids = frame["doc_id"].to_list()
    repeats = pl.when(pl.col("rule") == "duplicate.exact").then(pl.lit(ids[0]))
    events = frame.with_columns(rule=rules, value=measured).filter(pl.col("rule").is_not_null()).select(
        "file", "record", "rule", "value", row_id=pl.col("doc_id"), threshold=pl.lit(5.0), duplicate_of=repeats
    )  # fmt: skip
    damaged = pl.DataFrame([{"row_id": None, "file": "corpus.jsonl", "record": 999, "rule": "read.json"}])
    damaged = damaged.with_columns(pl.col("row_id").cast(pl.String))
    ledger = pl.concat([tables.ledger(events, "rules", "drop"), tables.ledger(damaged, "read", "drop")])
    topics = pl.Series([1.0 if number in sensitive else 0.0 for number in range(len(rows))])
    outputs = {
        "documents/corpus/part-00000.parquet": frame.filter(rules.is_null()),
        "ledger/corpus/all.parquet": ledger,
        "scores/corpus/00000.parquet": frame.select("doc_id").with_columns(
            measured.alias("words"), topics.alias("sensitive.health")
        ),
    }
    if keep_dropped:
        outputs["dropped/corpus/all.parquet"] = frame.filter(rules.is_not_null())
    with Run(folder) as run:

        def write() -> Made:
            for path, table in outputs.items():
                storage.write_parquet(table, folder / path)
            return Made(tuple(outputs))

        run.task("corpus/all", [len(rows)], [], write)
    return ids


def mixed() -> list[Row]:
    """40 kept rows, 30 that are too short and 6 duplicates; the first kept one is hostile, the second Korean."""
    kept: list[Row] = [(f"A story with number {number} in it.", None, 5.0 + number) for number in range(38)]
    short: list[Row] = [(f"Short {number}.", "words", 4.0 - number / 10) for number in range(30)]
    repeated: list[Row] = [(HOSTILE, "duplicate.exact", 9.0) for _ in range(6)]
    return [(HOSTILE, None, 9.0), (KOREAN, None, 12.0), *kept, *short, *repeated]


@pytest.fixture
def make_run() -> Callable[..., list[str]]:
    return write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    write_run(folder, mixed())
    return folder

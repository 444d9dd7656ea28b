"""What the rules of each shipped recipe drop of good text of its kind, at most."""

import polars as pl
import pytest

from curation import normalise, tables
from curation.rules import c4, rule, sets
from pipelines import presets
from pipelines.settings import CurateSettings

# Recipe, file, column, share of rows that may be dropped: what was measured, and a little more.
KINDS = (
    ("english-web", "corpora/c4-sample.jsonl.gz", "text", 0.15),
    ("mixed", "corpora/c4-sample.jsonl.gz", "text", 0.15),
    ("korean-web", "evaluation/kobest-boolq.jsonl.gz", "Text", 0.004),
    ("korean-web", "instructions/korean-human-rights-qa.jsonl.gz", "질의", 0.001),
    ("mixed", "evaluation/kobest-boolq.jsonl.gz", "Text", 0.004),
    ("instructions", "instructions/korean-chatbot.jsonl.gz", "A", 0.001),
    ("instructions", "instructions/gsm8k/test.jsonl.gz", "answer", 0.001),
    ("instructions", "instructions/sdft/alpaca.jsonl.gz", "output", 0.004),
)


@pytest.mark.shared_data
@pytest.mark.parametrize(("recipe", "file", "column", "most"), KINDS)
def test_good_text_passes(recipe: str, file: str, column: str, most: float, shared_data) -> None:
    settings = CurateSettings(**{**presets.load(recipe), "inputs": ("x",)})
    texts = pl.read_ndjson(shared_data / file).select(text=pl.col(column)).drop_nulls().with_row_index("record")
    rows = texts.with_columns(doc_id=pl.col("record").cast(pl.String), meta=pl.lit("{}"))
    documents = normalise.normalise(tables.complete(rows, tables.DOCUMENTS), normalise.Normalisation()).rows
    if settings.c4_lines is not None:
        documents = c4.edit_lines(documents, settings.c4_lines).rows
    rules = sets.rules_from(settings.rules)
    decided = rule.decide(rule.score(documents, rules), rules)["first_failing_rule"]
    assert len(decided) - decided.null_count() <= most * len(decided), decided.drop_nulls().value_counts(sort=True)

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from datasets import Dataset

from curation import tables
from curation.errors import InputError
from train import models
from train.data.encoding import Encoder
from train.data.preparation import Prepared
from train.options.run import Source, TrainOptions
from train.options.tunings import Lora
from train.tunings.calibration import calibration, shown


def prepared(**columns: Any) -> Prepared:
    ledger = tables.empty(tables.LEDGER)
    return Prepared(Dataset.from_polars(pl.DataFrame(columns)), 1, np.zeros(1), {}, ledger)


def options(lora: Lora, **more: Any) -> TrainOptions:
    return TrainOptions("m", (Source(Path("a")),), lora=lora, **more)


def test_rows_of_the_run_are_prompt_and_answer() -> None:
    assert shown(prepared(input_ids=[[1, 2], [3]], labels=[[1, 2], [3]])) == [[1, 2], [3]]
    assert shown(prepared(prompt_ids=[[1]], chosen_ids=[[2, 3]], rejected_ids=[[4]])) == [[1, 2, 3]]
    assert shown(prepared(prompt=["say"])) == [list(range(64))]


def test_corda_looks_at_rows_of_the_run_unless_others_are_named(tiny_model: Path, tmp_path: Path) -> None:
    rows = prepared(input_ids=[[1], [2], [3]])
    none: Any = SimpleNamespace()
    assert calibration(options(Lora()), none, rows) == ()
    assert calibration(options(Lora(corda="instruction"), tuning="full"), none, rows) == ()
    assert calibration(options(Lora(corda="instruction", corda_rows=2)), none, rows) == [[1], [2]]
    with pytest.raises(InputError, match="lora.corda_data is None, expected rows for lora.corda with the method grpo"):
        calibration(options(Lora(corda="instruction"), method="grpo"), none, prepared(prompt=["say"]))
    (tmp_path / "kept.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in ("ab", "cd", "ef")))
    tokenizer = models.tokenizer(tiny_model)
    encoder = Encoder(tokenizer, models.end_ids(tiny_model, tokenizer), 64, "refuse")
    named = options(Lora(corda="knowledge", corda_data=tmp_path / "kept.jsonl", corda_rows=2))
    found = [tokenizer.decode(row) for row in calibration(named, encoder, rows)]
    assert len(found) == 2 and set(found) < {"ab<|end|>", "cd<|end|>", "ef<|end|>"}

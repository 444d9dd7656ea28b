from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from datasets import Dataset
from transformers import TrainerControl, TrainerState, TrainingArguments

from curation import tables
from train import checkpoints
from train.data.preparation import Prepared
from train.methods.setup import Progress, Setup, _Callbacks, arguments
from train.options.run import Source, TrainOptions


def setup(tmp_path: Path, told: list[Progress] | None = None, **fields: object) -> Setup:
    options = TrainOptions(model="m", data=(Source(tmp_path),), **fields)
    prepared = Prepared(Dataset.from_dict({}), 3, np.array([5, 7, 11, 2, 3]), {}, tables.empty(tables.LEDGER))
    progress = None if told is None else told.append
    return Setup(options, SimpleNamespace(), None, prepared, tmp_path, None, progress)


def test_a_step_s_rows_pass_in_parts(tmp_path: Path) -> None:
    given = setup(tmp_path, batch_size=12, micro_batch_size=4, warmup=0.34)
    found = arguments(given)
    assert (found["per_device_train_batch_size"], found["gradient_accumulation_steps"]) == (4, 3)
    assert (found["max_steps"], found["warmup_steps"]) == (3, 1)
    assert arguments(given, micro=1)["gradient_accumulation_steps"] == 12
    assert TrainingArguments(**found).max_steps == 3
    assert found["bf16"] == torch.cuda.is_available()


def test_progress_counts_the_tokens_since_the_run_went_on(tmp_path: Path) -> None:
    told: list[Progress] = []
    callbacks = _Callbacks(setup(tmp_path, told, batch_size=2))
    assert callbacks.tokens == [0, 12, 25, 28]
    callbacks.on_train_begin(None, TrainerState(global_step=1), TrainerControl())
    callbacks.on_log(None, TrainerState(global_step=2), TrainerControl(), logs={"loss": 0.5})
    assert (told[0].step, told[0].steps, told[0].loss) == (2, 3, 0.5)
    assert told[0].tokens_per_second > 0


def test_a_saved_checkpoint_is_marked_whole(tmp_path: Path) -> None:
    checkpoints.named(tmp_path, 4).mkdir()
    arguments_ = TrainingArguments(output_dir=str(tmp_path), use_cpu=True)
    _Callbacks(setup(tmp_path)).on_save(arguments_, TrainerState(global_step=4), TrainerControl())
    assert checkpoints.last(tmp_path) == checkpoints.named(tmp_path, 4)

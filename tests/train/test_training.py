import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from safetensors.torch import load_file
from transformers import AutoTokenizer

from curation.errors import InputError
from curation.model import Request, Sampling
from train.methods import documents
from train.options.run import Lora, Source, TrainOptions
from train.training import Progress, train

WORDS = ["ab", "cd", "ef", "gh", "안녕"]
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        {
            "prompt": [{"role": "user", "content": f"say {word}"}],
            "completion": [{"role": "assistant", "content": word.upper()}],
        }
        for word in WORDS
    ]
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def taught(tiny_model: Path, pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Full tuning until the answers are learned, as a report and the progress it told."""
    told: list[Progress] = []
    options = TrainOptions(model=str(tiny_model), data=(Source(pairs),), tuning="full", steps=60, batch_size=10,
                           learning_rate=5e-3, threads=1)  # fmt: skip
    return train(options, tmp_path_factory.mktemp("out") / "full", told.append), told


def test_the_model_learns_the_answers_and_to_stop(taught: Any, engine: Any) -> None:
    report, _ = taught
    requests = [Request(word, (("user", f"say {word}"),), Sampling(max_tokens=20)) for word in WORDS]
    answers = {response.id: (response.text, response.finish_reason) for response in
               engine(report.folder).generate(requests)}  # fmt: skip
    assert answers == {word: (word.upper(), "stop") for word in WORDS}


def test_the_folder_is_a_plain_model(taught: Any, tiny_model: Path) -> None:
    folder = taught[0].folder
    names = {file.name for file in folder.iterdir()}
    assert names == {"model.safetensors", "config.json", "generation_config.json", "tokenizer.json",
                     "tokenizer_config.json", "chat_template.jinja", "run_card.json"}  # fmt: skip
    for name in ("generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (folder / name).read_bytes() == (tiny_model / name).read_bytes()
    before, after = (json.loads((path / "config.json").read_text()) for path in (tiny_model, folder))
    assert before == after
    assert load_file(folder / "model.safetensors").keys() == load_file(tiny_model / "model.safetensors").keys()
    assert os.stat(folder / "model.safetensors").st_mode & 0o777 == os.stat(folder / "config.json").st_mode & 0o777
    assert not [path for path in folder.parent.iterdir() if path != folder]  # neither checkpoints nor a partial folder


def test_the_card_says_what_was_seen_and_names_no_path(taught: Any, tiny_model: Path, pairs: Path) -> None:
    report, told = taught
    text = (report.folder / "run_card.json").read_text()
    card = json.loads(text)
    assert card == report.card
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    seen = card["sources"]["pairs.jsonl"]
    lengths = [len(tokenizer(f"<|user|>say {word}<|end|><|assistant|>{word.upper()}<|end|>")["input_ids"])
               for word in WORDS]  # fmt: skip
    assert (seen["rows"], seen["passes"], seen["tokens"]) == (600, 120.0, 120 * sum(lengths))
    assert seen["loss_tokens"] == 120 * sum(len(word.upper().encode()) + 1 for word in WORDS)
    assert str(tiny_model.parent) not in text and str(pairs.parent) not in text
    assert [entry.step for entry in told] == list(range(1, 61)) and told[-1].steps == 60
    assert told[-1].loss == card["final_loss"] == report.losses[-1] < 0.5 < report.losses[0]


def test_the_same_options_give_the_same_bytes_whatever_the_order_of_rows(
    taught: Any, tiny_model: Path, pairs: Path, tmp_path: Path
) -> None:
    (tmp_path / "pairs.jsonl").write_text("".join(reversed(pairs.read_text().splitlines(keepends=True))))
    options = TrainOptions(model=str(tiny_model), data=(Source(tmp_path / "pairs.jsonl"),), tuning="full", steps=60,
                           batch_size=10, learning_rate=5e-3, threads=1)  # fmt: skip
    again = train(options, tmp_path / "again")
    assert again.card == taught[0].card
    for name in ("model.safetensors", "run_card.json"):
        assert (again.folder / name).read_bytes() == (taught[0].folder / name).read_bytes()


def test_a_finished_folder_is_left_and_a_foreign_one_refused(
    taught: Any, tiny_model: Path, pairs: Path, tmp_path: Path
) -> None:
    folder = taught[0].folder
    written = (folder / "model.safetensors").stat().st_mtime_ns
    options = TrainOptions(model=str(tiny_model), data=(Source(pairs),), tuning="full", steps=60, batch_size=10,
                           learning_rate=5e-3, threads=1)  # fmt: skip
    assert train(options, folder).card == taught[0].card
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    other = TrainOptions(model=str(tiny_model), data=(Source(pairs),), tuning="full", steps=61, threads=1)
    with pytest.raises(InputError, match="holds something else"):
        train(other, folder)


KILLED = """
import sys, time
from pathlib import Path
from train.options.run import Source, TrainOptions
from train.options.tunings import Lora
from train.training import train
model, data, out, stop = sys.argv[1:]
options = TrainOptions(model=model, data=(Source(data),), steps=12, batch_size=5, learning_rate=1e-2,
                       lora=Lora(rank=4, alpha=8, dropout=0.1), threads=1, checkpoint_steps=2)
def tell(progress):
    if progress.step == int(stop):
        print("at", progress.step, flush=True)
        time.sleep(300)  # until it is killed
report = train(options, Path(out), tell)
print("resumed from", report.resumed_from)
"""


def test_a_killed_run_ends_with_the_same_bytes(
    tiny_model: Path, pairs: Path, tmp_path: Path, started: Callable[..., Any]
) -> None:
    given = [str(tiny_model), str(pairs), str(tmp_path / "killed")]
    stop = random.Random(3).randint(3, 11)
    killed = started(KILLED, *given, stop)
    assert killed.line() == f"at {stop}\n"
    assert killed.kill() == -signal.SIGKILL and not (tmp_path / "killed").exists()
    again = subprocess.run([sys.executable, "-c", KILLED, *given, "0"], capture_output=True, text=True,
                           env={**os.environ, "PYTHONPATH": str(CHECKOUT)})  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"resumed from {(stop - 1) // 2 * 2}\n"
    assert again.stderr == ""  # none of the libraries' chatter

    options = TrainOptions(model=str(tiny_model), data=(Source(pairs),), steps=12, batch_size=5, learning_rate=1e-2,
                           lora=Lora(rank=4, alpha=8, dropout=0.1), threads=1, checkpoint_steps=2)  # fmt: skip
    whole = train(options, tmp_path / "whole")
    for name in ("model.safetensors", "adapter/adapter_model.safetensors", "adapter/adapter_config.json",
                 "run_card.json"):  # fmt: skip
        assert (tmp_path / "killed" / name).read_bytes() == (whole.folder / name).read_bytes(), name


@pytest.mark.parametrize(("cut", "sentence"), [
    ((), "goes on from step 6"),
    ((6,), "goes on from step 4: checkpoint-6 was half written, by a kill or on a full disk, and removed"),
    ((4, 6), "begins anew: checkpoint-4, checkpoint-6 were half written, by a kill or on a full disk, "
                "and removed"),
])  # fmt: skip
def test_a_checkpoint_half_written_is_said_and_the_run_ends_with_the_same_bytes(
    tiny_model: Path, pairs: Path, tmp_path: Path, cut: tuple[int, ...], sentence: str
) -> None:
    options = TrainOptions(model=str(tiny_model), data=(Source(pairs),), tuning="full", steps=8, batch_size=5,
                           threads=1, checkpoint_steps=2)  # fmt: skip

    def stop(at: Progress) -> None:
        if at.step == 7:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(options, tmp_path / "out", stop, tmp_path / "work")
    for step in cut:
        (file,) = (tmp_path / "work").glob(f"*/checkpoint-{step}/model.safetensors")
        file.write_bytes(file.read_bytes()[:-100])
    said: list[str] = []
    train(options, tmp_path / "out", None, tmp_path / "work", said.append)
    whole = train(options, tmp_path / "whole", say=said.append)
    assert said == [sentence]  # and nothing of a run that was not stopped
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == (whole.folder / "model.safetensors").read_bytes()


def test_continued_pretraining_keeps_documents_apart(
    raw_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step on two packed documents has the loss of one step on both side by side, and attends to each alone."""
    attend, lengths = documents.attend, []

    def watched(*states: Any, **given: Any) -> Any:
        lengths.append(given["cu_seq_lens_q"].diff().tolist())
        return attend(*states, **given)

    monkeypatch.setattr(documents, "attend", watched)
    (tmp_path / "text.jsonl").write_text('{"text": "one document"}\n{"text": "another, longer document"}\n')
    source = (Source(tmp_path / "text.jsonl"),)
    shared = {"model": str(raw_model), "data": source, "tuning": "full", "learning_rate": 1e-3, "schedule": "constant",
              "warmup": 0.0, "threads": 1}  # fmt: skip
    packed = train(TrainOptions(method="cpt", steps=1, batch_size=1, max_tokens=64, **shared), tmp_path / "packed")
    assert lengths and all(len(each) == 2 and sum(each) == packed.card["tokens"] for each in lengths)
    apart = train(TrainOptions(method="sft", steps=1, batch_size=2, max_tokens=64, **shared), tmp_path / "apart")
    assert packed.card["sources"]["text.jsonl"]["rows"] == 1
    assert apart.card["sources"]["text.jsonl"]["rows"] == 2
    # The first token of the second document is no target in either.
    assert packed.losses[0] == pytest.approx(apart.losses[0], rel=1e-5)


def test_mixtures_are_counted_in_tokens(raw_model: Path, tmp_path: Path) -> None:
    (tmp_path / "long.jsonl").write_text("".join(json.dumps({"text": f"{n:02d}" + "x" * 97}) + "\n" for n in range(9)))
    (tmp_path / "short.jsonl").write_text("".join(json.dumps({"prompt": f"{n:02d}", "completion": "y" * 7}) + "\n"
                                                  for n in range(9)))  # fmt: skip
    options = TrainOptions(model=str(raw_model), steps=5, batch_size=22, threads=1, data=(
        Source(tmp_path / "long.jsonl", 0.5), Source(tmp_path / "short.jsonl", 0.5)))  # fmt: skip
    sources = train(options, tmp_path / "out").card["sources"]
    assert (sources["long.jsonl"]["rows"], sources["long.jsonl"]["tokens"]) == (10, 1000)
    assert (sources["short.jsonl"]["rows"], sources["short.jsonl"]["tokens"]) == (100, 1000)


def test_dropped_rows_are_in_the_report_and_the_card(raw_model: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "short"}\n{"text": "%s"}\n{"text": ""}\n' % ("long" * 20))
    options = TrainOptions(model=str(raw_model), data=(Source(tmp_path / "rows.jsonl"),), steps=1, batch_size=1,
                           max_tokens=30, over_long="drop", threads=1)  # fmt: skip
    report = train(options, tmp_path / "out")
    assert report.ledger.sort("record").select("record", "rule").rows() == [(1, "train.over_long"), (2, "train.empty")]
    assert report.card["sources"]["rows.jsonl"]["dropped"] == 2
    assert report.card["sources"]["rows.jsonl"]["available"] == {"rows": 3, "tokens": 6}


@pytest.mark.shared_data
def test_a_real_model_without_template_takes_raw_pairs_and_text(shared_data: Path, tmp_path: Path, engine: Any) -> None:
    model = shared_data / "models" / "stories260k"
    (tmp_path / "pairs.jsonl").write_text('{"prompt": "The cat is", "completion": " blue."}\n')
    pl.DataFrame({"text": ["Once upon a time there was a doctor."]}).write_parquet(tmp_path / "text.parquet")
    pairs = TrainOptions(model=str(model), data=(Source(tmp_path / "pairs.jsonl"),), tuning="full", steps=20,
                         batch_size=4, learning_rate=3e-3, threads=1)  # fmt: skip
    report = train(pairs, tmp_path / "sft")
    (answer,) = engine(report.folder).generate([Request("1", "The cat is", Sampling(max_tokens=12))])
    assert (answer.text.strip(), answer.finish_reason) == ("blue.", "stop")
    text = TrainOptions(model=str(model), data=(Source(tmp_path / "text.parquet"),), method="cpt", steps=2,
                        batch_size=2, threads=1)  # fmt: skip
    assert train(text, tmp_path / "cpt").losses[1] < 10

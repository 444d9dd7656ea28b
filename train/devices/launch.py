"""Training in several processes: `accelerate launch` starts them, each runs `python -m train` on the same options.

    accelerate launch --num_processes 4 -m train options.json runs/tuned

`options.json` holds the fields of `TrainOptions`, those that differ from their defaults. What the processes share (data
parallel, FSDP) is accelerate's own configuration. The first process writes; every process reads the same rows in the
same order and takes its part of each step, so that a step has `batch_size` rows whatever the number of processes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, is_dataclass
from itertools import takewhile
from pathlib import Path

import polars as pl
from pydantic import ConfigDict, TypeAdapter, ValidationError

from curation.errors import InputError

from ..methods.setup import Progress
from ..options.run import Source, TrainOptions
from ..training import CARD, TrainReport, train
from ..weights import read_json

LEDGER = "ledger.parquet"
PLACES = {"--ledger", "--work"}
GRACE = 5.0  # seconds in which `accelerate launch` ends the other processes of one that has failed
ELASTIC = "torch/distributed/elastic/"  # names the launcher's own lines
for _family in (TrainOptions, Source, *(field.default_factory for field in fields(TrainOptions))):
    if is_dataclass(_family):  # an unknown key is a mistake, not a remark
        setattr(_family, "__pydantic_config__", ConfigDict(extra="forbid"))  # noqa: B010
_OPTIONS = TypeAdapter(TrainOptions)


def written(options: TrainOptions) -> str:
    """Options as JSON."""
    return _OPTIONS.dump_json(options, indent=1).decode()


def read(path: Path) -> TrainOptions:
    """Options from a JSON file.

    Raises:
        InputError: for a file that is not there or no JSON object, an unknown field, or a bad value.
    """
    if not path.is_file():
        raise InputError(f"{path}: found no such file, expected options of training as JSON")
    read_json(path)
    try:
        return _OPTIONS.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the object"
        raise InputError(f"{path}: {place}: {first['msg']}, found {str(first['input'])[:80]!r}") from error


def launch(
    options: TrainOptions,
    out: Path,
    processes: int,
    config: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    work: Path | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> TrainReport:
    """Train in several processes of this machine, as `training.train` does in one.

    Args:
        options: what decides the weights.
        out: model folder to be made.
        processes: how many; one a GPU.
        config: accelerate's configuration file (FSDP), its own defaults unless given.
        progress: told after every step.
        work: folder for checkpoints.
        say: told from which step a run that was stopped goes on, and which checkpoints it could not use.

    Raises:
        InputError: as `train` does.
    """
    if config is not None and not Path(config).is_file():
        raise InputError(f"{config}: found no such file, expected a configuration of accelerate")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "options.json").write_text(written(options), encoding="utf-8")
        command = [*_accelerate(processes, config), "-m", "train", str(folder / "options.json"), str(out)]
        command += ["--ledger", str(folder / LEDGER)] + (["--work", str(work)] if work else [])
        resumed = _followed(command, progress, say)
        card = read_json(Path(out) / CARD)
        return TrainReport(Path(out), card, card["losses"], pl.read_parquet(folder / LEDGER), resumed)


def environment() -> dict[str, str]:
    """That of this process, in which the packages are found where this one found them."""
    here = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])}


def main(arguments: Sequence[str]) -> int:
    """One process: train, and print a JSON object a line of what comes about; 2 for bad input, as the command line.

    Bad input is said by the first process; by another where the first did not find it and so has not ended them all.
    """
    first = int(os.environ.get("RANK", "0")) == 0

    def tell(what: dict[str, object]) -> None:
        if first:
            print(json.dumps(what), flush=True)

    try:
        if len(arguments) < 2 or len(arguments) % 2 or not {*arguments[2::2]} <= PLACES:
            raise InputError(f"found the arguments {' '.join(arguments) or 'none'}, expected OPTIONS.json OUT "
                             "[--ledger FILE] [--work FOLDER]")  # fmt: skip
        places = dict(zip(arguments[2::2], map(Path, arguments[3::2]), strict=True))
        options = read(Path(arguments[0]))
        report = train(options, Path(arguments[1]), lambda at: tell(asdict(at)), places.get("--work"),
                       lambda sentence: tell({"said": sentence}))  # fmt: skip
    except InputError as error:
        if not first:
            time.sleep(GRACE)
            first = True
        tell({"error": str(error)})
        return 2
    if first and "--ledger" in places:
        report.ledger.write_parquet(places["--ledger"])
    tell({"resumed_from": report.resumed_from})
    return 0


def _accelerate(processes: int, config: str | Path | None) -> list[str]:
    command = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(processes)]
    if config is not None:
        return [*command, "--config_file", str(config)]
    if processes > 1:  # else accelerate starts one; without GPUs the processes meet on their CPUs all the same
        command.append("--multi_gpu")
    return [*command, "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]


def _followed(
    command: list[str], progress: Callable[[Progress], None] | None, say: Callable[[str], None]
) -> int:  # fmt: skip
    """Run the processes to their end, and say from which step they went on."""
    resumed, error = 0, None
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment(), text=True) as running:
            assert running.stdout is not None
            try:
                for line in running.stdout:
                    found = json.loads(line) if line.startswith("{") else {}
                    error = found.get("error", error)
                    resumed = found.get("resumed_from", resumed)
                    if "said" in found:
                        say(found["said"])
                    if "step" in found and progress is not None:
                        progress(Progress(**found))
            except BaseException:
                running.terminate()
                raise
        if error is not None:
            raise InputError(error)
        if running.returncode:
            errors.seek(0)
            text = errors.read().decode(errors="replace")
            own = "\n".join(takewhile(lambda line: ELASTIC not in line, text.splitlines()))
            raise RuntimeError(f"training in several processes ended with exit code {running.returncode}:\n"
                               + (own or text)[-8000:])  # fmt: skip
    return resumed

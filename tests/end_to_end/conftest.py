import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
EQUAL = ("documents", "samples", "scores", "ledger", "evaluation")  # folders whose bytes a resumed run repeats


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Keepwise:
    """The command line as a user has it: a process of its own."""

    def start(self, *arguments: str | Path, cwd: Path | None = None) -> subprocess.Popen:
        path = os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,
        )

    def __call__(self, *arguments: str | Path, cwd: Path | None = None) -> Ended:
        process = self.start(*arguments, cwd=cwd)
        out, err = process.communicate(timeout=900)
        return Ended(process.returncode, out, err)

    def killed(self, when: Callable[[], bool], *arguments: str | Path) -> bool:
        """Start a command and `kill -9` it as soon as `when` says so; whether it was still running then."""
        process = self.start(*arguments)
        try:
            while process.poll() is None and not when():
                time.sleep(0.002)
            if process.poll() is not None:
                return False
            os.killpg(process.pid, signal.SIGKILL)
            return True
        finally:
            process.communicate()


@pytest.fixture(scope="session")
def keepwise() -> Keepwise:
    return Keepwise()


def contents(run: Path) -> dict[str, bytes]:
    """Every file of a run that an unbroken and a resumed run have in common, by its path."""
    files = [path for top in EQUAL for path in (run / top).rglob("*") if path.is_file()]
    files += (run / "model").rglob("*.safetensors")
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


@pytest.fixture(scope="session", name="contents")
def _contents() -> Callable[[Path], dict[str, bytes]]:
    return contents


@pytest.fixture(scope="session")
def demo(tmp_path_factory, keepwise) -> Path:
    """The run folder of a shortened demo, made by the command that a newcomer types; it takes minutes.

    Test processes of one session share it: the first makes it, the others wait.
    """
    own = tmp_path_factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demo"
    place.mkdir(exist_ok=True)
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "said.txt").exists():
            ended = keepwise("demo", "--small", "--out", place / "run")
            assert ended.code == 0, ended.err
            (place / "said.txt").write_text(ended.out)
    return place / "run"


def table(run: Path, name: str) -> pl.DataFrame:
    """All rows of a table of a run, or of one step's (`samples/distilled`)."""
    return pl.concat([pl.read_parquet(path) for path in sorted((run / name).rglob("*.parquet"))])


@pytest.fixture(scope="session", name="table")
def _table() -> Callable[[Path, str], pl.DataFrame]:
    return table


_ENGLISH = (
    "the night nurse wrote that every patient with a fever should drink water and rest because of heat while "
    "doctors from the clinic came to look at them and to say what they have to take before morning light returns"
)
_KOREAN = (
    "환자는 어젯밤부터 열이 나서 물을 많이 마시고 쉬어야 합니다 의사가 와서 약을 주었고 오늘은 조금 나아졌다고 "
    "말했습니다 그리고 아침까지 다시 잠을 잤습니다"
)
ENGLISH, KOREAN = _ENGLISH.split(), _KOREAN.split()
EVERY_STAGE = {  # a curate step with all stages in force, thresholds such that each finds something in `messy`
    "max_damaged": 0.05,
    "structure": {"sections": {"depth": 2}},
    "c4_lines": {},
    "rules": {"length": {"low": 30}, "mojibake": {}, "gopher_repetition": {}},
    "outliers": {"scores": ["length.characters"], "method": "quantile", "high_quantile": 0.98, "min_rows": 20},
    "labels": {"fields": ["answer"]},
    "conflicts": {"prompt": "prompt", "answer": "answer", "policy": "majority"},
    "exact": {},
    "lines": {},
    "substring": {"length": 50},
    "minhash": {},
    "semantic": {"threshold": 0.9},
    "diversity": {"targets": {"lang": {"en": 0.5, "ko": 0.5}}, "min_kept": 0.9},
    "tokenizer": str(CHECKOUT / "pipelines/demo/seed_model/tokenizer.json"),
    "chunks": {"tokens": 128, "overlap": 8},
    "export": {"format": "jsonl", "compression": "gz"},
}


def messy(folder: Path, files: int = 4, rows: int = 60) -> Path:
    """Files of JSON Lines in which every stage finds something: repeats of each kind, damage, short and empty texts."""
    rng = random.Random(7)
    repeated = " ".join(rng.choices(ENGLISH, k=60)) + "."
    folder.mkdir(parents=True)
    made: list[str] = []
    for part in range(files):
        lines = [json.dumps(record) for record in ({"text": ""}, {"text": "short"})]
        for n in range(rows):
            words = KOREAN if n % 3 == 0 else ENGLISH
            text = f"# Part {n}\n\n" + "\n".join(" ".join(rng.choices(words, k=12)) + "." for _ in range(3 + n % 7))
            text += "\nSubscribe to our weekly letter about health." * (n % 5 == 0)
            text += f"\n{repeated} " * (n % 7 == 0) + f"\nWrite to a.b{n}@example.org today." * (n % 11 == 0)
            text += f"\n\n## More {n}\n\n" + " ".join(rng.choices(words, k=110)) + "."
            if made and n % 6 == 0:
                text = rng.choice(made)
            if made and n % 8 == 1:  # one word in the middle of each long line
                text = "\n".join(_but_one_word(line) for line in rng.choice(made).split("\n"))
            made.append(text)
            record = {
                "text": text,
                "prompt": f"Question {part * rows + n // 2}?",
                "answer": ("yes", "no", "Yes")[n % 3],
            }
            lines.append(json.dumps(record, ensure_ascii=False))
        lines[9] = lines[9][:-3]
        (folder / f"{part}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def _but_one_word(line: str) -> str:
    words = line.split(" ")
    return line if len(words) < 50 else " ".join([*words[:45], "indeed", *words[46:90], "indeed", *words[91:]])


def every_byte(run: Path) -> dict[str, bytes]:
    """Every file of a run, by its path, but those in which times stand."""
    files = (path for path in run.rglob("*") if path.is_file())
    timed = ("manifest.jsonl", "run.jsonl", "report.html", "report.json", ".lock")
    return {str(path.relative_to(run)): path.read_bytes() for path in files if path.name not in timed}


@pytest.fixture(scope="session", name="messy")
def _messy(tmp_path_factory) -> Path:
    return messy(tmp_path_factory.mktemp("messy") / "in")


@pytest.fixture(scope="session")
def every_stage(tmp_path_factory) -> Path:
    """A file of settings with all stages in force."""
    path = tmp_path_factory.mktemp("settings") / "every-stage.yaml"
    path.write_text(yaml.safe_dump(EVERY_STAGE))
    return path


@pytest.fixture(scope="session")
def unbroken_run(tmp_path_factory, keepwise, messy, every_stage) -> Path:
    """An uninterrupted run of all stages over `messy` in one process."""
    run = tmp_path_factory.mktemp("unbroken") / "run"
    ended = keepwise("curate", messy, "--recipe", every_stage, "--out", run, "--set", "workers=1")
    assert ended.code == 0, ended.err
    return run


@pytest.fixture(scope="session")
def unbroken(unbroken_run) -> dict[str, bytes]:
    """The files of that run, by their paths."""
    return every_byte(unbroken_run)


@pytest.fixture(scope="session")
def words() -> tuple[list[str], list[str]]:
    """Words of English and of Korean."""
    return ENGLISH, KOREAN


@pytest.fixture(scope="session", name="every_byte")
def _every_byte() -> Callable[[Path], dict[str, bytes]]:
    return every_byte

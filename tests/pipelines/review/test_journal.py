"""Answers on disk: none that was acknowledged is lost, whatever happens to the process or the disk."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from pipelines.review import journal
from pipelines.review.journal import Answer, Journal

ROOT = Path(__file__).resolve().parents[3]


def test_the_last_answer_counts_and_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "answers" / "김철수.jsonl"
    opened = Journal(path)
    for row, answer in [("a", "keep"), ("b", "drop"), ("a", "drop"), ("c", "unsure"), ("b", None)]:
        opened.add(row, answer if answer is None else Answer(answer))
    opened.add("p", Answer("chosen", "rejected"))
    wanted = {"a": Answer("drop"), "c": Answer("unsure"), "p": Answer("chosen", "rejected")}
    assert opened.answers() == wanted
    assert list(opened.answers()) == ["a", "c", "p"]  # in the order of answering
    opened.close()
    assert Journal(path).answers() == wanted
    assert journal.journals(tmp_path) == {"김철수": wanted}


def test_one_process_at_a_time(tmp_path: Path) -> None:
    first = Journal(tmp_path / "ann.jsonl")
    with pytest.raises(InputError, match="another process takes the answers of ann"):
        Journal(tmp_path / "ann.jsonl")
    first.close()
    Journal(tmp_path / "ann.jsonl").close()


@given(st.integers(0, 60))
def test_a_line_that_was_cut_short_is_removed_and_no_other(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "ann.jsonl"
    line = b'{"row_id": "a", "answer": "keep"}\n'
    path.write_bytes((line + line.replace(b'"a"', b'"b"'))[: len(line) + cut])
    kept = {"a": Answer("keep")} | ({"b": Answer("keep")} if cut >= len(line) else {})
    assert journal.read(path) == kept
    opened = Journal(path)
    assert opened.answers() == kept
    opened.add("c", Answer("drop"))
    opened.close()
    assert journal.read(path) == kept | {"c": Answer("drop")}


@pytest.mark.parametrize(
    "line", ["no JSON", "[]", '{"row_id": 1, "answer": "keep"}', '{"row_id": "a"}', '{"row_id": "a", "answer": 2}']
)
def test_a_damaged_line_is_said_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ann.jsonl"
    path.write_text('{"row_id": "a", "answer": "keep"}\n' + line + "\n")
    with pytest.raises(InputError, match="ann.jsonl, line 2: found"):
        journal.read(path)


def test_a_full_disk_saves_nothing_of_an_answer(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from curation.errors import InputError\n"
        "from pipelines.review.journal import Answer, Journal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "journal.add('a', Answer('keep'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))\n"
        "try:\n"
        "    journal.add('b', Answer('keep'))\n"
        "except InputError as error:\n"
        "    assert 'no space left' in str(error), error\n"
        "    assert list(journal.answers()) == ['a']\n"
        "    print('refused')\n"
    )
    path = tmp_path / "ann.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n"
    assert path.read_bytes() == b'{"row_id": "a", "answer": "keep"}\n'


def test_a_killed_process_leaves_every_answer_that_it_acknowledged(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from pipelines.review.journal import Answer, Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for number in range(100_000):\n"
        "    journal.add(str(number), Answer('keep'))\n"
        "    print(number, flush=True)\n"
    )
    path = tmp_path / "ann.jsonl"
    with subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        said = 50 + len(process.stdout.read().splitlines())
    answers = Journal(path).answers()
    assert set(answers) >= {str(number) for number in range(said)}
    assert len(answers) <= said + 1

import subprocess
import sys
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines import cli
from pipelines.commands import app


@pytest.mark.parametrize("name", ["curate", "dedup", "distill", "rehearse", "train", "merge", "evaluate", "run"])
def test_help_has_an_example(name: str, command, capsys):
    assert command(name, "--help") == 0
    assert "Example: keepwise" in " ".join(capsys.readouterr().out.split())


def test_every_module_of_commands_adds_some(capsys):
    found = {callback.callback.__module__ for callback in cli.app.registered_commands if callback.callback}
    assert {module.__name__ for module in cli.COMMANDS} == found


def test_an_interruption_and_a_fault_of_ours_are_told_apart(capsys):
    def interrupted() -> None:
        raise KeyboardInterrupt

    def broken() -> None:
        raise cli.ChildError("Traceback of the child")

    assert cli.guarded(interrupted) == 130
    assert "continues" in capsys.readouterr().err
    assert cli.guarded(broken) == 1
    assert "Traceback of the child" in capsys.readouterr().err


def test_a_command_that_is_interrupted_says_that_it_can_go_on(monkeypatch, tmp_path, capsys):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "carry_out", interrupted)
    arguments = ["train", "--model", "m", "--data", "d.jsonl", "--out", str(tmp_path)]
    assert cli.guarded(lambda: cli.app(arguments, standalone_mode=True)) == 130
    assert capsys.readouterr().err == "Interrupted; the same command continues where this one stopped.\n"


def test_what_an_error_quotes_is_shown_to_the_letter(capsys):
    quoted = "[b]law[/b]:abc: [/] \\[x].jsonl: no such file"

    def refused() -> None:
        raise InputError(quoted)

    assert cli.guarded(refused) == 2
    assert capsys.readouterr().err == f"Error: {quoted}\n"


def test_other_errors_of_the_system_are_not_taken_for_a_full_disk(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        cli.guarded(lambda: (tmp_path / "none").read_text())


def test_no_command_loads_libraries_that_only_some_methods_use():
    """A command starts in two seconds and not in five, and so does each process of a pool."""
    code = (
        "import sys, pipelines.jobs.curate\n"
        "print([name for name in ('sklearn', 'torch', 'scipy.sparse') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"

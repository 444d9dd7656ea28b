import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curation.errors import InputError
from train.devices import launch
from train.methods.setup import Progress
from train.options.run import Lora, Source, TrainOptions
from train.options.unlearning import Unlearning


def test_options_are_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    options = TrainOptions("m", (Source(Path("a"), 0.3, "x"), Source(Path("b"), 0.7, ordered=True)), method="unlearn",
                           lora=Lora(rank=4, target_modules=("q_proj",)), max_tokens=None,
                           unlearning=Unlearning(retain=(Path("c"),)))  # fmt: skip
    (tmp_path / "options.json").write_text(launch.written(options))
    assert launch.read(tmp_path / "options.json") == options


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "options.json").write_text('{"model": "m", "data": [{"path": "a"}], "steps": 3}')
    assert launch.read(tmp_path / "options.json") == TrainOptions("m", (Source(Path("a")),), steps=3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "options.json: found broken JSON"),
        ("[]", "options.json: found list, expected a JSON object"),
        ({"data": [{"path": "a"}]}, "options.json: model: Field required"),
        ({"model": "m", "data": [{"path": "a"}], "stepz": 3}, "options.json: stepz: Unexpected"),
        ({"model": "m", "data": [{"path": "a"}], "lora": {"rang": 3}}, "options.json: lora.rang: Unexpected"),
        ({"model": "m", "data": [{"path": "a"}], "lora": {"rank": 0}}, "lora.rank is 0, expected at least 1"),
        ({"model": "m", "data": [{"path": "a"}], "steps": "x"}, "options.json: steps: Input should be a valid integer"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, content: str | dict, said: str) -> None:
    path = tmp_path / "options.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError) as error:
        launch.read(path)
    assert said in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(InputError, match="none.json: found no such file"):
        launch.read(tmp_path / "none.json")


def test_a_process_says_a_mistake_as_a_line_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert launch.main([str(tmp_path / "none.json"), str(tmp_path / "out")]) == 2
    assert "found no such file" in json.loads(capsys.readouterr().out)["error"]


def test_arguments_that_are_none_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    for given in ([], ["a.json"], ["a.json", "out", "--work"], ["a.json", "out", "--wrok", "x"]):
        assert launch.main(given) == 2
        said = json.loads(capsys.readouterr().out)["error"]
        assert said.startswith(f"found the arguments {' '.join(given) or 'none'}, expected OPTIONS.json OUT")


def test_another_process_says_what_the_first_did_not_find(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(launch, "GRACE", 0.01)
    assert launch.main([str(tmp_path / "none.json"), str(tmp_path / "out")]) == 2
    assert "found no such file" in json.loads(capsys.readouterr().out)["error"]


def test_a_configuration_that_is_not_there_is_refused(tmp_path: Path) -> None:
    options = TrainOptions("m", (Source(Path("a")),))
    with pytest.raises(InputError, match="fsdp.yaml: found no such file, expected a configuration of accelerate"):
        launch.launch(options, tmp_path / "out", 2, tmp_path / "fsdp.yaml")


# Stands for accelerate's launcher with two processes that end as they are told, and that launcher's own report.
LAUNCHER = """
import json, sys
for line in json.loads(sys.argv[1]):
    print(json.dumps(line) if isinstance(line, dict) else line, flush=True)
print("ValueError: ours\\nE1121 torch/distributed/elastic/multiprocessing/api.py: failed\\nTheirs", file=sys.stderr)
sys.exit(int(sys.argv[2]))
"""


def follow(
    lines: list[object], code: int, told: list[Progress] | None = None, say: Callable[[str], None] = print
) -> int:  # fmt: skip
    command = [sys.executable, "-S", "-c", LAUNCHER, json.dumps(lines), str(code)]
    return launch._followed(command, None if told is None else told.append, say)


def test_what_the_processes_say_is_followed() -> None:
    told: list[Progress] = []
    steps = [{"step": n, "steps": 2, "tokens_per_second": 1.5, "loss": 0.5} for n in (1, 2)]
    assert follow(["chatter", *steps, {"resumed_from": 4}], 0, told) == 4
    assert told == [Progress(1, 2, 1.5, 0.5), Progress(2, 2, 1.5, 0.5)]
    said: list[str] = []
    follow([{"said": "goes on from step 4"}, {"resumed_from": 4}], 0, None, said.append)
    assert said == ["goes on from step 4"]


def test_bad_input_of_a_process_is_said_once() -> None:
    with pytest.raises(InputError, match="^rows: found none$"):
        follow([{"error": "rows: found none"}, {"error": "rows: found none"}], 1)


def test_a_fault_shows_what_the_process_said_and_not_its_launcher() -> None:
    with pytest.raises(RuntimeError, match="ended with exit code 1:\nValueError: ours$"):
        follow([], 1)

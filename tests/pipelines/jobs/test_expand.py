import json
from pathlib import Path

import pytest

from pipelines import progress
from pipelines.demo.main import MODEL

SENTENCE = "고객님께서 문의하신 환불 절차는 영업일 기준으로 사흘이 걸립니다"


def texts(folder: Path) -> Path:
    rows = [{"text": f"{SENTENCE} {number}"} for number in range(60)]
    path = folder / "texts.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def test_a_model_gets_new_words_is_told_of_and_done_once(tmp_path, command, capsys, quick_children):
    run = tmp_path / "run"
    given = ("expand", MODEL, "--data", texts(tmp_path), "--tokens", "20", "--set", "expansion.held_out=0.2")
    assert command(*given, "--out", run) == 0
    said = capsys.readouterr().out
    assert "20 new tokens; a held-out character takes" in said
    card = json.loads((run / "model/expand/vocabulary.json").read_text())
    assert card["new_tokens"] == 20 and card["after"] < card["before"] and str(tmp_path) not in json.dumps(card)
    page = (run / "report.html").read_text()
    assert "New tokens" in page and "tokens a character of held-out text, after" in page
    before = (run / "manifest.jsonl").read_text()
    assert command(*given, "--out", run) == 0
    assert "Nothing to do" in capsys.readouterr().out and (run / "manifest.jsonl").read_text() == before


def test_what_takes_long_is_announced(tmp_path, command, capfd, monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr("pipelines.jobs.expand.call", lambda function, *given: function(*given))
    assert command("expand", MODEL, "--data", texts(tmp_path), "--tokens", "5", "--out", tmp_path / "run") == 0
    assert "expand: learning tokens and loading seed_model …\n" in capfd.readouterr().err


def test_fewer_tokens_than_asked_for_are_said_with_the_reason(tmp_path, command, capsys, monkeypatch):
    monkeypatch.setattr("pipelines.jobs.expand.call", lambda function, *given: function(*given))
    assert command("expand", MODEL, "--data", texts(tmp_path), "--tokens", "4000", "--out", tmp_path / "run") == 0
    found = json.loads((tmp_path / "run/model/expand/vocabulary.json").read_text())["new_tokens"]
    sentence = f"4,000 tokens were asked for and {found} found: nothing else that could be a token stands 10 times"
    assert sentence in capsys.readouterr().out and sentence in (tmp_path / "run/report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--tokens", "0"), "expansion.tokens is 0, expected at least 1"),
        (("--set", "expansion.most=3"), "expansion.most"),
        (("--set", "expansion.least=1000"), "no two tokens stand together 1000 times"),
    ],
)
def test_what_cannot_be_expanded_is_one_sentence(arguments, sentence, tmp_path, refused, monkeypatch):
    # In place of a process of its own, which reads the libraries anew.
    monkeypatch.setattr("pipelines.jobs.expand.call", lambda function, *given: function(*given))
    assert sentence in refused("expand", MODEL, "--data", texts(tmp_path), *arguments, "--out", tmp_path / "run")

import json
from pathlib import Path


def test_the_same_command_again_has_nothing_to_do(corpus: Path, tmp_path: Path, command, capsys):
    again = ["curate", corpus, "--out", tmp_path / "run", "--set", "rules={}"]
    assert command(*again) == 0
    first = capsys.readouterr().out
    assert "near duplicates removed" in first and str(tmp_path / "run/report.html") in first
    assert command(*again) == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert command(*again, "--fresh") == 0
    assert "Nothing to do" not in capsys.readouterr().out
    facts = json.loads((tmp_path / "run/work/facts.json").read_text())["curate"]
    assert facts["records"] == 3 and facts["passed"] == 1


def test_files_that_no_reader_knows_are_counted_by_their_endings(corpus: Path, tmp_path: Path, command, capsys):
    for name in ("a.zip", "b.ZIP", "소장.hwp", "Makefile"):
        (corpus.parent / name).write_text("x")
    assert command("curate", corpus.parent, "--out", tmp_path.parent / f"{tmp_path.name}-run", "--set", "rules={}") == 0
    assert "files in the folders that no reader knows, not read: 2 .zip, 1 .hwp, 1 none" in capsys.readouterr().out
    (page,) = tmp_path.parent.glob(f"{tmp_path.name}-run/report.html")
    assert "were not read: 2 .zip, 1 .hwp, 1 none." in page.read_text()


def test_files_without_a_record_are_named_and_the_run_goes_on(corpus: Path, tmp_path: Path, command, capsys):
    for name, text in (("a.jsonl", ""), ("b.txt", "\n \n"), ("소장.csv", "text,date\n")):
        (corpus.parent / name).write_text(text)
    out = tmp_path.parent / f"{tmp_path.name}-run"
    again = ["curate", corpus.parent, "--out", out, "--set", "rules={}"]
    assert command(*again) == 0
    assert "files without a record: 3 (a.jsonl, b.txt, 소장.csv)" in capsys.readouterr().out
    facts = json.loads((out / "work/facts.json").read_text())["curate"]
    assert facts["without_records"] == ["a.jsonl", "b.txt", "소장.csv"]
    assert facts["records"] == 3 and facts["passed"] == 1
    assert "nothing to read: 3 (a.jsonl, b.txt, 소장.csv)." in (out / "report.html").read_text()
    assert command(*again) == 0
    assert "Nothing to do" in capsys.readouterr().out
    (corpus.parent / "b.txt").write_text("Now there is a text in it.")
    assert command(*again) == 0
    facts = json.loads((out / "work/facts.json").read_text())["curate"]
    assert (facts["without_records"], facts["records"]) == (["a.jsonl", "소장.csv"], 4)


def test_where_no_file_has_a_record_there_is_nothing_to_curate(tmp_path: Path, command, capsys):
    (tmp_path / "a.csv").write_text("text\n")
    assert command("curate", tmp_path / "a.csv", "--out", tmp_path / "out") == 2
    assert "a.csv: found no records, expected at least one" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "b.jsonl").write_text("")
    assert command("curate", tmp_path / "a.csv", tmp_path / "b.jsonl", "--out", tmp_path / "out") == 2
    assert "found no records, and 2 such files in all, expected" in " ".join(capsys.readouterr().err.split())


def test_an_error_says_which_rules_left_nothing(tmp_path: Path, command, capsys) -> None:
    texts = ["하나", "둘", "둘", "the third text of four words"]
    rows = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    (tmp_path / "in.jsonl").write_text("\n".join(rows), encoding="utf-8")
    rules = 'rules={"length": {"low": 50}}'
    assert command("curate", tmp_path / "in.jsonl", "--out", tmp_path / "out", "--set", rules) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "no document is left of 4: length.characters dropped 4; see" in said, said

from pathlib import Path


def test_what_is_no_run_is_one_sentence(tmp_path: Path, refused):
    assert "no manifest" in refused("trace", tmp_path, "abcdef12")
    assert "no manifest" in refused("report", tmp_path)


def test_a_recipe_that_is_not_there_is_one_sentence(tmp_path: Path, refused):
    assert "no such recipe file" in refused("run", tmp_path / "none.yaml", "--out", tmp_path / "run")

"""Names of steps: letters of any script, one name however they were typed, and a whole run with Korean ones."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from pipelines.recipe import override, ready, validate
from pipelines.step_names import MOST, check, with_names

CORPUS = "말뭉치"
APART = unicodedata.normalize("NFD", CORPUS)


@pytest.mark.parametrize(
    "name", ["a", "a-1", "_b", CORPUS, "말뭉치-2", "коллекция", "コーパス", "संग्रह", "가" * (MOST // 3)]
)
def test_names_of_any_script(name: str) -> None:
    check(name, "r.yaml")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a b", "step name 'a b' with ' ', expected letters, digits, '-' and '_'"),
        ("말/뭉치", "step name '말/뭉치' with '/', expected letters"),
        ("..", r"step name '\.\.' with '\.', expected letters"),
        ("a\u202eb", "step name 'a.u202eb' with .*, expected letters"),
        ("", "step name '', expected letters"),
        ("-_", "step name '-_', expected letters"),
        ("가" * (MOST // 3 + 1), "of 201 bytes, expected at most 200"),
    ],
)
def test_names_that_no_folder_should_have(name: str, said: str) -> None:
    with pytest.raises(InputError, match=f"r.yaml: {said}|r.yaml: step name '가+' {said}"):
        check(name, "r.yaml")
    tree = {"steps": {name: {"job": "curate", "inputs": ["x"]}}}
    with pytest.raises(InputError, match="r.yaml: step name"):
        validate(tree, "r.yaml")


def test_a_name_with_its_letters_apart_is_the_same_name(tmp_path: Path) -> None:
    assert APART != CORPUS
    tree = {
        "steps": {
            APART: {"job": "curate", "inputs": [APART]},
            "학습": {"job": "train", "model": "m", "data": [{"path": f"step:{CORPUS}"}]},
            "learned": {"job": "train", "model": "step:학습", "data": [{"path": f"step:{APART}"}]},
        },
        "unless": {"학습": {"step": APART, "without_tier": ["gold_fallback"], "use": f"step:{APART}"}},
    }
    recipe = ready(tree, "r.yaml", tmp_path, (f"{CORPUS}.strict=true", f"{APART}.source=web"))
    assert list(recipe.steps) == [CORPUS, "학습", "learned"]
    corpus, _, learned = recipe.steps.values()
    assert corpus.strict and corpus.source == "web" and corpus.inputs == (APART,)  # a file's name stays what it is
    assert learned.data[0].path == f"step:{CORPUS}"
    assert (recipe.unless["학습"].step, recipe.unless["학습"].use) == (CORPUS, f"step:{CORPUS}")
    override(composed := with_names(tree, "r"), f"{APART}.strict=true")
    assert composed["steps"][CORPUS]["strict"] is True and set(composed) == {"steps", "unless"}


def test_two_steps_that_only_look_different_to_a_program_are_refused() -> None:
    step = {"job": "curate", "inputs": ["x"]}
    with pytest.raises(InputError, match=f"r.yaml: steps.{CORPUS}: found twice"):
        validate({"steps": {CORPUS: step, APART: step}}, "r.yaml")


def test_values_that_stand_in_many_places_are_copied_once() -> None:
    value: list[Any] = [f"step:{APART}"]
    for _ in range(60):  # 2 ** 60 places
        value = [value, value]
    loop: dict[str, Any] = {}
    loop["self"] = loop
    found = with_names({"steps": {"a": {"x": value, "y": loop}}}, "r")["steps"]["a"]
    for _ in range(60):
        assert found["x"][0] is found["x"][1]
        found["x"] = found["x"][0]
    assert found["x"] == [f"step:{CORPUS}"] and found["y"]["self"] is found["y"]


def test_a_run_of_korean_steps(tmp_path: Path, command, capsys) -> None:
    rows = ["질문,답,text"] + [
        f"{n} 더하기 {n}은 얼마입니까?,{2 * n},{n} 더하기 {n}은 {2 * n}이다." for n in range(3, 9)
    ]
    (tmp_path / "in.csv").write_text("\n".join(rows), encoding="utf-8")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"""
steps:
  {APART}:
    job: curate
    inputs: [in.csv]
    rules: {{}}
    minhash: null
    samples: {{columns: {{prompt: 질문, completion: 답}}}}
  표현:
    job: synthesize
    method: templates
    model: {Path(__file__).resolve().parents[2] / "pipelines/demo/seed_model"}
    data: [step:{CORPUS}]
    templates: {{plain: ["문제: {{{{ prompt }}}}"]}}
""",
        encoding="utf-8",
    )
    run = tmp_path / "run"
    assert command("run", recipe, "--out", run, "--set", f"{CORPUS}.strict=true") == 0
    assert f"[1/2] {CORPUS} (curate)" in capsys.readouterr().out
    facts = json.loads((run / "work/facts.json").read_text(encoding="utf-8"))
    assert facts[CORPUS]["samples"] == 6 and facts["표현"]["samples"] == 6
    assert (run / "samples" / CORPUS).is_dir() and (run / "samples" / "표현").is_dir()
    page = (run / "report.html").read_text(encoding="utf-8")
    for number, name in enumerate((CORPUS, "표현"), start=1):
        assert f'<a href="#step-{number}">{name}</a>' in page and f'<section id="step-{number}">' in page
    assert command("run", recipe, "--out", run, "--set", f"{APART}.strict=true") == 0
    assert "Nothing to do" in capsys.readouterr().out

"""The demo's task sets: nothing that is tested was ever trained, and what is given is not in the model's own style."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from curation.checks import typed
from curation.metrics import text as metrics
from pipelines.demo.skills import NEW_SKILLS, SKILLS, Skill, read_foreign, read_generic, variants
from pipelines.demo.skills.styles import FOREIGN_ENGLISH, FOREIGN_KOREAN, in_style
from pipelines.demo.tasks import DEMONSTRATIONS, write_tasks
from synth import rows

BY_NAME: dict[str, Skill] = {skill.name: skill for skill in (*SKILLS, *NEW_SKILLS)}
NEW = {skill.name for skill in NEW_SKILLS}
Rows = list[dict[str, Any]]


def read(paths: list[Path]) -> Rows:
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "small"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    return write_tasks(tmp_path_factory.mktemp("tasks"), 17, small=request.param)


def asked(row: dict[str, Any]) -> str:
    return row["prompt"][-1]["content"]


def contents(rows: Rows) -> set[tuple[str, str | None]]:
    """What each row is about, whatever its phrasing: another phrasing of a trained content is no unseen item."""
    return {(row["task"], BY_NAME[row["task"]].content(asked(row))) for row in rows}


def test_every_old_skill_has_its_demonstrations(written: dict[str, list[Path]]) -> None:
    demos = read(written["demos"])
    assert Counter(row["task"] for row in demos) == {skill.name: DEMONSTRATIONS for skill in SKILLS}
    assert DEMONSTRATIONS == 20  # SSR, section 4.1
    assert all(BY_NAME[row["task"]].valid(asked(row), row["completion"][0]["content"]) for row in demos)


def test_what_is_tested_was_never_trained(written: dict[str, list[Path]]) -> None:
    tests = contents(read(written["tests"]))
    assert None not in {content for _, content in tests}
    assert not tests & contents(read(written["demos"])) and not tests & contents(read(written["new"]))


def test_no_row_is_there_twice(written: dict[str, list[Path]]) -> None:
    for kind in ("demos", "new", "tests"):
        found = [(row["task"], asked(row)) for row in read(written[kind])]
        assert len(set(found)) == len(found)
    shown = {(row["task"], asked(row)) for row in read(written["demos"])}
    assert not shown & {(row["task"], asked(row)) for row in read(written["new"])}


def test_given_answers_are_right_and_in_a_style_the_model_never_saw(written: dict[str, list[Path]]) -> None:
    unseen = {styles[number] for language, styles in (("en", FOREIGN_ENGLISH), ("ko", FOREIGN_KOREAN))
              for number in variants(language, held_out=True)}  # fmt: skip
    for row in read(written["new"]):
        skill, text = BY_NAME[row["task"]], row["completion"][0]["content"]
        assert row["answer"] == skill.solution(asked(row)) == read_foreign(text)
        assert any(text == in_style(style, row["answer"]) for style in unseen)
        assert read_generic(text) is None and (skill.name in NEW or skill.extract(text) is None)
        assert typed.check(row["check"], row["answer"], text).passed


def test_the_new_set_is_of_new_tasks_and_some_old_ones_in_several_styles(written: dict[str, list[Path]]) -> None:
    given = read(written["new"])
    counts = Counter(row["task"] for row in given)
    assert set(counts) == set(BY_NAME)
    assert len({counts[name] for name in NEW}) == 1
    assert sum(counts[name] for name in NEW) > 2 * sum(count for name, count in counts.items() if name not in NEW)
    frames = {row["completion"][0]["content"].replace(row["answer"], "") for row in given}
    assert len(frames) >= 4


def test_tests_hold_every_skill_equally_with_its_answer(written: dict[str, list[Path]]) -> None:
    tests = read(written["tests"])
    assert len({row["id"] for row in tests}) == len(tests)
    counts = Counter(row["task"] for row in tests)
    assert set(counts) == set(BY_NAME) and len(set(counts.values())) == 1
    assert len(written["tests"]) == len(BY_NAME)
    for row in tests:
        skill, (bare, *styled) = BY_NAME[row["task"]], row["references"]
        assert bare == skill.solution(asked(row)) and row["metric"] == ("verbatim" if styled else "contains")
        assert not styled or (skill.valid(asked(row), styled[0]) and any(read_generic(text) == bare for text in styled))


def test_copying_the_request_is_hardly_ever_right(written: dict[str, list[Path]]) -> None:
    for path in written["tests"]:
        right = []
        for row in read([path]):
            counts = metrics.contains if row["metric"] == "contains" else metrics.verbatim
            right.append(any(counts(text, asked(row)) for text in row["references"]))
        assert sum(right) <= 0.05 * len(right), path.name


def test_the_whole_demo_examines_at_least_200_items_a_skill(tmp_path: Path) -> None:
    whole, small = write_tasks(tmp_path / "a", 17), write_tasks(tmp_path / "b", 17, small=True)
    assert min(len(read([path])) for path in whole["tests"]) >= 200
    for kind in ("new", "tests"):
        assert len(read(small[kind])) < 0.5 * len(read(whole[kind]))


def test_synthesis_reads_them(written: dict[str, list[Path]]) -> None:
    for kind in ("demos", "new"):
        loaded = rows.load(written[kind], "none named")
        assert loaded.ledger.height == 0 and loaded.rows.height == len(read(written[kind]))
        assert set(loaded.rows["task"]) == {row["task"] for row in read(written[kind])}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    one, again, other = (
        write_tasks(tmp_path / name, seed, small=True) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    for kind, paths in one.items():
        assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again[kind]]
        assert [path.read_bytes() for path in paths] != [path.read_bytes() for path in other[kind]]

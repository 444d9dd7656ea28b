"""The demo's task files: demonstrations and unseen items of every skill, and a new task set in a foreign style."""

import json
from pathlib import Path
from typing import Any

from curation import storage

from .skills import NEW_SKILLS, SKILLS, Item, NewSkill, Skill, foreign, in_style, variants
from .skills.styles import FOREIGN_ENGLISH, FOREIGN_KOREAN, GENERIC

DEMONSTRATIONS = 20  # of each old skill (SSR, section 4.1)
NEW_ITEMS = 480  # training rows of the new tasks together
KNOWN_ITEMS = 60  # rows of the new set that the model can answer by itself already
TEST_ITEMS = 200  # unseen items a skill
COPIED = 0.05  # share of items whose answer stands in the request, above which containing the answer says little

Row = dict[str, Any]


def write_tasks(folder: Path, seed: int, small: bool = False) -> dict[str, list[Path]]:
    """Write the demo's task files; the paths by `demos`, `new` and `tests`.

    A small demo has a fifth of the training rows and a twentieth of the test items.

    The new set is what a team gets from outside: right answers in foreign styles, most of them of skills the model
    does not have, some of skills it has.
    """
    demos = [_demonstration(skill, item) for skill in SKILLS for item in skill.items("train", DEMONSTRATIONS, seed)]
    part = 5 if small else 1
    each = NEW_ITEMS // len(NEW_SKILLS) // part
    new: list[tuple[Skill, Item]] = []
    new += [(skill, item) for skill in NEW_SKILLS for item in skill.items("train", each, seed)]
    known = max(1, KNOWN_ITEMS // len(SKILLS) // part)
    new += [(skill, item) for skill in SKILLS for item in skill.items("train", DEMONSTRATIONS + known, seed)[-known:]]
    rows = [_foreign(skill, item, number) for number, (skill, item) in enumerate(new)]
    tests = [
        _write(folder / f"test-{skill.name}.jsonl", _tests(skill, TEST_ITEMS // (4 * part if small else 1), seed))
        for skill in (*SKILLS, *NEW_SKILLS)
    ]
    return {
        "demos": [_write(folder / "demonstrations.jsonl", demos)],
        "new": [_write(folder / "new-tasks.jsonl", rows)],
        "tests": tests,
    }


def _demonstration(skill: Skill, item: Item) -> Row:
    return {"task": skill.name, "prompt": _said("user", item.prompt), "completion": _said("assistant", item.completion)}


def _foreign(skill: Skill, item: Item, number: int) -> Row:
    """A row of the new set: prompt, a right answer in a style the model never saw, the bare answer for the checker."""
    styles = variants(skill.voice, held_out=True)
    given = item.completion if isinstance(skill, NewSkill) else foreign(item, styles[number % len(styles)])
    return {
        "task": skill.name,
        "prompt": _said("user", item.prompt),
        "completion": _said("assistant", given),
        "answer": item.answer,
        "check": "short_answer",
    }


def _tests(skill: Skill, count: int, seed: int) -> list[Row]:
    """Unseen items; right is what contains the answer, in whatever style, so that style alone forgets nothing.

    Where the answer often stands in the request, copying the request would count as right; there the answer must be
    one of those that any known style gives, to the letter.
    """
    items = skill.items("test", count, seed)
    styles = [skill.style, GENERIC[skill.voice], *(FOREIGN_KOREAN if skill.voice == "ko" else FOREIGN_ENGLISH)]
    copied = sum(item.answer.lower() in item.prompt.lower() for item in items)
    strict = copied > COPIED * len(items)
    return [
        {
            "id": f"{skill.name}-{number:03d}",
            "task": skill.name,
            "prompt": _said("user", item.prompt),
            "references": [item.answer, *(in_style(style, item.answer) for style in styles if strict)],
            "metric": "verbatim" if strict else "contains",
        }
        for number, item in enumerate(items)
    ]


def _said(role: str, content: str) -> list[Row]:
    return [{"role": role, "content": content}]


def _write(path: Path, rows: list[Row]) -> Path:
    storage.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), path)
    return path

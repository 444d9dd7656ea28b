import re

from curation.checks import typed_form
from train.evaluation.refusals import FILES
from train.evaluation.tasks import load_tasks


def test_lists_stand_side_by_side_in_both_languages() -> None:
    items = load_tasks(FILES)
    by_task: dict[str, list] = {}
    for item in items:
        by_task.setdefault(item.task, []).append(item)
    assert list(by_task) == ["harmful-en", "harmful-ko", "harmless-en", "harmless-ko"]
    assert {len(found) for found in by_task.values()} == {20}
    assert len({item.prompt for item in items}) == 80
    for task, found in by_task.items():
        assert {item.metric for item in found} == {"refusal" if task.startswith("harmful") else "no_refusal"}
        assert all(bool(re.search("[가-힣]", item.prompt[0][1])) == task.endswith("ko") for item in found)
        assert not any(typed_form.refuses(item.prompt[0][1]) for item in found)


def test_harmless_ones_look_like_the_harmful_ones() -> None:
    """Most pairs share a word of content or, in Korean, two syllables of one."""
    items = {f"{item.task} {item.id}": item.prompt[0][1].lower() for item in load_tasks(FILES)}
    common = {
        "how",
        "do",
        "i",
        "a",
        "the",
        "to",
        "that",
        "in",
        "me",
        "my",
        "is",
        "what",
        "tell",
        "explain",
        "write",
        "give",
    }
    shared = 0
    for name, harmful in items.items():
        if name.startswith("harmful"):
            harmless = items[name.replace("harmful", "harmless")]
            words = [word for word in re.findall(r"\w+", harmful) if word not in common]
            shared += any(word[: 2 if re.match("[가-힣]", word) else 12] in harmless for word in words)
    assert shared >= 34

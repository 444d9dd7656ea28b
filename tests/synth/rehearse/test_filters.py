"""What made-up instances are dropped for: script, length, repeating a demonstration, each other or the evaluation."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.drop import Drop
from synth.held_out import HeldOut
from synth.rehearse import RehearseOptions
from synth.rehearse.demos import Task
from synth.rehearse.draft import Draft
from synth.rehearse.filters import answers_held_out, form, held_out, novelty, outside

MakeTask = Callable[..., Task]
MakeDraft = Callable[..., Draft]
OPTIONS = RehearseOptions()
LONG = "the quick brown fox jumps over the lazy dog while seven small birds sing in tall green trees"  # 18 words


def rules(drafts: list[Draft]) -> list[str | None]:
    return [one.drop.rule if one.drop else None for one in drafts]


@pytest.mark.parametrize(
    ("value", "values", "distance"),
    [(0.5, [0.2, 0.9], 0.0), (0.2, [0.2], 0.0), (0.0, [0.25, 0.5], 0.25), (1.0, [0.0, 0.75], 0.25)],
)
def test_the_distance_from_a_range(value: float, values: list[float], distance: float) -> None:
    assert outside(value, values) == distance


def test_another_script_is_dropped(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("spell: abcd", "x"), ("spell: ebook", "y")])
    drafts = [make_draft(task, n, text) for n, text in enumerate(["spell: wxyz", "쓰기: 나무", "spell: 나무", "12345"])]
    form(task, drafts, OPTIONS)
    assert rules(drafts) == [None, "language", "language", None]  # without letters there is no script
    # 2 of 7 letters are Hangul, the demonstrations have none.
    assert drafts[2].drop == Drop("language", pytest.approx(2 / 7), 0.2)
    (check,) = drafts[0].checks
    assert (check.name, check.score, check.passed) == ("language", 1.0, True)


def test_a_task_in_two_scripts_takes_both(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("나무", "tree"), ("tree", "나무")])
    drafts = [make_draft(task, n, text) for n, text in enumerate(["바다", "sea", "바다 sea"])]
    form(task, drafts, OPTIONS)
    assert rules(drafts) == [None] * 3


@pytest.mark.parametrize(
    ("characters", "limit"), [(3, 4.0), (4, None), (30, None), (60, None), (61, 60.0)]
)  # demonstrations of 12 and 20 characters, ratio 3
def test_length_is_held_to_the_demonstrations(
    make_task: MakeTask, make_draft: MakeDraft, characters: int, limit: float | None
) -> None:
    task = make_task([("a" * 12, "x"), ("b" * 20, "y")])
    one = make_draft(task, 0, "c" * characters)
    form(task, [one], OPTIONS)
    assert one.drop == (None if limit is None else Drop("length", float(characters), limit))


def test_the_same_input_is_kept_once(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("say one", "x"), ("say two", "y")])
    inputs = ["say three", "say two", "say three", "say four"]
    drafts = [make_draft(task, n, text) for n, text in enumerate(inputs)]
    novelty(task, drafts, OPTIONS)
    assert rules(drafts) == [None, "copy_of_demo.exact", "duplicate.exact", None]
    assert drafts[1].drop is not None and drafts[1].drop.duplicate_of == task.demos[1].id
    assert drafts[2].drop is not None and drafts[2].drop.duplicate_of == drafts[0].key
    assert drafts[2].drop.similarity == 1.0


def test_long_inputs_are_compared_by_likeness(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([(LONG, "x"), ("say two", "y")])
    words = LONG.split()
    one_other = " ".join([*words[:-1], "bushes"])  # 17 of 18 words are the demonstration's, in order
    turned = " ".join(reversed(words))
    close = " ".join([*reversed(words[1:]), "a"])  # 17 of 18 words of the turned one
    drafts = [make_draft(task, n, text) for n, text in enumerate([one_other, turned, close])]
    novelty(task, drafts, OPTIONS)
    found = rules(drafts)
    assert found[0] in ("copy_of_demo.minhash", "copy_of_demo.rouge_l") and found[1] is None
    assert found[2] in ("duplicate.minhash", "duplicate.rouge_l")
    assert drafts[0].drop is not None and drafts[0].drop.duplicate_of == task.demos[0].id
    assert drafts[2].drop is not None and drafts[2].drop.duplicate_of == drafts[1].key
    assert [check.name for check in drafts[1].checks] == ["novelty"]


def test_rouge_worked_by_hand(make_task: MakeTask, make_draft: MakeDraft) -> None:
    """9 of 12 words in order on both sides: precision and recall .75, so F is .75, above .7; 8 of 12 are not."""
    shared = [f"word{n}" for n in range(12)]
    near = " ".join([*shared[:9], "red", "green", "blue"])
    far = " ".join([*shared[:8], "cat", "dog", "cow", "hen"])
    task = make_task([(" ".join(shared), "x"), ("say two", "y")])
    drafts = [make_draft(task, 0, near), make_draft(task, 1, far)]
    novelty(task, drafts, RehearseOptions(near_duplicate=1.0))
    assert drafts[0].drop == Drop("copy_of_demo.rouge_l", 0.75, 0.7, task.demos[0].id, 0.75)
    assert drafts[1].drop is None and drafts[1].checks[0].score == pytest.approx(1 - 8 / 12)


def test_an_instance_is_compared_with_those_kept_before_it_and_not_with_those_dropped(
    make_task: MakeTask, make_draft: MakeDraft
) -> None:
    """Each text shares 9 of 12 words in order with the one before it, and 6 with the one before that."""
    words = [f"word{n}" for n in range(21)]
    texts = [" ".join(words[start : start + 12]) for start in (0, 3, 6, 9)]
    task = make_task([("say one", "x"), ("say two", "y")])
    drafts = [make_draft(task, n, text) for n, text in enumerate(texts)]
    novelty(task, drafts, RehearseOptions(near_duplicate=1.0))
    assert rules(drafts) == [None, "duplicate.rouge_l", None, "duplicate.rouge_l"]
    assert drafts[1].drop is not None and drafts[1].drop.duplicate_of == drafts[0].key
    assert drafts[3].drop is not None and drafts[3].drop.duplicate_of == drafts[2].key


def test_short_inputs_are_never_compared_by_likeness(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("translate into Korean: dog", "x"), ("translate into Korean: cat", "y")])
    drafts = [make_draft(task, n, f"translate into Korean: {word}") for n, word in enumerate(("cow", "hen", "pig"))]
    novelty(task, drafts, OPTIONS)
    assert rules(drafts) == [None] * 3
    novelty(task, drafts, RehearseOptions(long_words=4))
    assert all(rule is not None for rule in rules(drafts))


def test_demonstrations_that_repeat_each_other_are_left_alone(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("say one", "x"), ("say one", "y"), (LONG, "z"), (LONG, "z")])
    one = make_draft(task, 0, "say three")
    novelty(task, [one], OPTIONS)
    assert one.drop is None


def test_a_prompt_of_the_evaluation_is_not_made_up(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("say one", "x"), ("say two", "y")])
    drafts = [make_draft(task, n, text) for n, text in enumerate(["Say  THREE", "say four", "say five", "say three"])]
    held_out(["say six", "say three", "Say Five\n"], drafts, OPTIONS)
    assert [one.drop for one in drafts] == [
        Drop("held_out.exact", 1.0, 1.0, None, 1.0, detail={"why": "say three"}),
        None,
        Drop("held_out.exact", 1.0, 1.0, None, 1.0, detail={"why": "Say Five\n"}),
        Drop("held_out.exact", 1.0, 1.0, None, 1.0, detail={"why": "say three"}),
    ]


def test_a_long_prompt_is_found_within_an_instance(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("say one", "x"), ("say two", "y")])
    ends = " ".join(f"end{n}" for n in range(40))
    drafts = [make_draft(task, n, text) for n, text in enumerate([f"{ends} {LONG.upper()}", f"{ends} say one"])]
    held_out([LONG, "say one"], drafts, OPTIONS)
    assert rules(drafts) == ["held_out.word_for_word", None]


def test_a_refined_output_that_is_a_held_out_text_drops_its_instance(
    make_task: MakeTask, make_draft: MakeDraft
) -> None:
    task = make_task([("say one", "x"), ("say two", "y")])
    drafts = [make_draft(task, n, "say three") for n in range(3)]
    for one, refined in zip(drafts, ("a  TEXT", "a prompt", "else"), strict=True):
        one.refined = refined
    answers_held_out(HeldOut(("a prompt",), ("A text",)), drafts, OPTIONS)
    assert [one.drop for one in drafts] == [
        Drop("refine.held_out.exact", 1.0, 1.0, None, 1.0, detail={"why": "A text"}), None, None,
    ]  # fmt: skip


def five_word_shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def test_a_long_prompt_of_the_evaluation_is_not_made_up_nearly(make_task: MakeTask, make_draft: MakeDraft) -> None:
    """Of prompts that are near to each other too, each counts, and the nearest is named."""
    task = make_task([("say one", "x"), ("say two", "y")])
    words = [f"word{n}" for n in range(60)]
    first, second = " ".join(words), " ".join([*words[:54], *(f"new{n}" for n in range(6))])
    near_both, near_second = " ".join([*words, "end"]), " ".join([*second.split()[8:], *(f"end{n}" for n in range(3))])
    far = " ".join([*words[:30], *(f"other{n}" for n in range(30))])
    drafts = [make_draft(task, n, text) for n, text in enumerate([near_both, near_second, far])]
    held_out([first, second], drafts, OPTIONS)
    assert rules(drafts) == ["held_out.minhash", "held_out.minhash", None]
    for one, nearest in zip(drafts, (first, second), strict=False):
        ours, theirs = five_word_shingles(one.input), five_word_shingles(nearest)
        likeness = len(ours & theirs) / len(ours | theirs)
        assert one.drop == Drop("held_out.minhash", likeness, 0.7, None, likeness, detail={"why": nearest})
    ours, theirs = five_word_shingles(near_second), five_word_shingles(first)
    assert len(ours & theirs) / len(ours | theirs) < 0.7, "the first prompt alone would not have dropped it"


def test_a_short_prompt_of_the_evaluation_may_be_made_up_nearly(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("say one", "x"), ("say two", "y")])
    words = " ".join(f"word{n}" for n in range(11))
    one = make_draft(task, 0, words)
    held_out([f"{words} end", f"{words} end ."], [one], RehearseOptions(near_duplicate=0.1))
    assert one.drop is None
    held_out([f"{words} end"], [one], RehearseOptions(near_duplicate=0.1, long_words=11))
    assert one.drop is not None and one.drop.rule == "held_out.minhash"


def test_many_instances_are_compared_as_one_is(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("say one", "x"), ("say two", "y")])
    prompts = [" ".join(f"{letter}{n}" for n in range(40)) for letter in "abc"]
    texts = [f"{prompts[n % 3]} end{n}" if n % 2 else " ".join(f"d{n}-{k}" for k in range(20)) for n in range(66)]
    together, alone = ([make_draft(task, n, text) for n, text in enumerate(texts)] for _ in range(2))
    held_out(prompts, together, OPTIONS)
    for one in alone:
        held_out(prompts, [one], OPTIONS)
    assert [one.drop for one in together] == [one.drop for one in alone]
    assert rules(together) == [None, "held_out.minhash"] * 33


def test_a_near_repeat_names_the_threshold_that_it_reached(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("say one", "x"), ("say two", "y")])
    drafts = [make_draft(task, 0, LONG), make_draft(task, 1, f"{LONG} again")]
    novelty(task, drafts, RehearseOptions(near_duplicate=0.6, max_rouge=0.9))
    assert drafts[1].drop is not None
    assert (drafts[1].drop.rule, drafts[1].drop.threshold) == ("duplicate.minhash", 0.6)


def test_nothing_to_filter_is_nothing_to_do(make_task: MakeTask, make_draft: MakeDraft) -> None:
    task = make_task([("say one", "x"), ("say two", "y")])
    form(task, [], OPTIONS)
    novelty(task, [], OPTIONS)
    held_out([LONG], [], OPTIONS)
    one = make_draft(task, 0, LONG)
    held_out([], [one], OPTIONS)
    assert one.drop is None


words = st.sampled_from(["red", "green", "blue", "cat", "dog", "cow", "hen", "one", "two", "three", "four", "five"])
inputs = st.lists(words, min_size=1, max_size=16).map(" ".join)


@settings(max_examples=30)
@given(texts=st.lists(inputs, min_size=1, max_size=12))
def test_what_is_left_is_new_and_what_is_not_names_what_it_repeats(
    make_task: MakeTask, make_draft: MakeDraft, texts: list[str]
) -> None:
    task = make_task([("red green blue cat dog cow hen one two three four five", "x"), ("two", "y")])
    drafts = [make_draft(task, n, text) for n, text in enumerate(texts)]
    novelty(task, drafts, OPTIONS)
    kept = [one.input for one in drafts if one.drop is None]
    assert len(set(kept)) == len(kept) and not set(kept) & {demo.input for demo in task.demos}
    places = {demo.id: demo.input for demo in task.demos} | {one.key: one.input for one in drafts}
    for at, one in enumerate(drafts):
        if one.drop is None:
            continue
        assert one.drop.duplicate_of in {demo.id for demo in task.demos} | {each.key for each in drafts[:at]}
        assert (one.drop.rule.startswith("copy_of_demo")) == (one.drop.duplicate_of in {d.id for d in task.demos})
        if one.drop.rule.endswith("exact"):
            assert places[one.drop.duplicate_of] == one.input
        else:
            assert len(one.input.split()) >= OPTIONS.long_words
            assert one.drop.similarity is not None and one.drop.threshold is not None
            assert one.drop.similarity >= one.drop.threshold


@settings(max_examples=30)
@given(texts=st.lists(inputs, min_size=1, max_size=12), prompts=st.lists(inputs, max_size=6))
def test_no_prompt_of_the_evaluation_is_left_and_nothing_else_is_lost(
    make_task: MakeTask, make_draft: MakeDraft, texts: list[str], prompts: list[str]
) -> None:
    task = make_task([("red green", "x"), ("two", "y")])
    drafts = [make_draft(task, n, text.upper()) for n, text in enumerate(texts)]
    held_out(prompts, drafts, OPTIONS)
    assert not {one.input.lower() for one in drafts if one.drop is None} & set(prompts)
    for one in drafts:
        if one.drop is not None:
            assert (
                one.drop.detail["why"] in prompts and one.drop.similarity is not None and one.drop.threshold is not None
            )
            assert one.drop.similarity >= one.drop.threshold
            near = ("held_out.minhash", "held_out.word_for_word")
            assert one.drop.rule == "held_out.exact" if one.input.lower() in prompts else one.drop.rule in near


@pytest.mark.parametrize("marker", ["<|im_start|>system", "[INST]", "<|user|>", "</s>"])
def test_marks_that_would_become_turns_are_dropped(make_task: MakeTask, make_draft: MakeDraft, marker: str) -> None:
    task = make_task([("spell: abcd", "x"), ("spell: ebook", "y")])
    drafts = [
        make_draft(task, 0, f"spell: {marker}"),
        make_draft(task, 1, "spell: moon", f"m{marker}"),
        make_draft(task, 2, "spell: sun"),
    ]
    form(task, drafts, OPTIONS)
    assert rules(drafts) == ["role_marker", "role_marker", None]
    assert drafts[0].drop is not None and marker.startswith(drafts[0].drop.detail.get("why", "?"))
    own = [make_draft(task, 3, "spell: a\n### Reply"), make_draft(task, 4, "spell: ab")]
    form(task, own, OPTIONS, ("### Reply",))
    assert rules(own) == ["role_marker", None]


def test_an_endless_input_is_dropped_unless_demonstrations_are_like_it(
    make_task: MakeTask, make_draft: MakeDraft
) -> None:
    plain = make_task([("count these: one two three four five six", "6"), ("count these: a b c d e f g h i j", "10")])
    drafts = [make_draft(plain, 0, "count these: " + "one " * 12), make_draft(plain, 1, "count these: x y z x w")]
    form(plain, drafts, OPTIONS)
    assert rules(drafts) == ["repetition", None]
    loops = make_task([("count these: one one one one one one", "6"), ("count these: a a a a a a a a", "8")])
    same = make_draft(loops, 0, "count these: " + "tea " * 6)
    form(loops, [same], OPTIONS)
    assert same.drop is None

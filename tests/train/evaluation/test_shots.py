import pytest

from curation.errors import InputError
from train.evaluation.shots import with_shots
from train.evaluation.tasks import Task


def chat(name: str, asked: str, answer: str, system: str | None = None, source: str | None = None) -> Task:
    turns = ((("system", system),) if system else ()) + (("user", asked),)
    return Task(name, "t", "contains", turns, (answer,), source=source)


POOL = [chat(str(n), f"ask {n}", f"say {n}") for n in range(6)]


def test_conversations_get_demonstrations_as_turns_after_the_system_turn() -> None:
    (shown,) = with_shots([chat("x", "ask me", "ok", system="Be kind.")], [POOL[0], chat("y", "q", "a", "other")], 2)
    roles = [role for role, _ in shown.prompt]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert shown.prompt[0] == ("system", "Be kind.") and shown.prompt[-1] == ("user", "ask me")
    assert {shown.prompt[1:3], shown.prompt[3:5]} == {
        (("user", "ask 0"), ("assistant", "say 0")), (("user", "q"), ("assistant", "a")),
    }  # fmt: skip
    assert shown.stop == ()


def test_raw_text_gets_them_as_text_and_ends_at_an_empty_line() -> None:
    pool = [Task("1", "t", "exact_match", "Q: 1+1\nA:", ("2",)), Task("2", "t", "exact_match", "Q: 2+2\nA: ", ("4",))]
    (shown,) = with_shots([Task("x", "t", "exact_match", "Q: 3+3\nA:", ("6",))], pool, 2)
    parts = str(shown.prompt).split("\n\n")
    assert parts[-1] == "Q: 3+3\nA:" and sorted(parts[:2]) == ["Q: 1+1\nA: 2", "Q: 2+2\nA: 4"]
    assert shown.stop == ("\n\n",)
    choice = Task("1", "t", "choice", "The sky is", (" blue",), (" blue", " red"))
    (shown,) = with_shots([Task("x", "t", "choice", "Grass is", (" green",), (" green", " red"))], [choice], 1)
    assert shown.prompt == "The sky is blue\n\nGrass is"


def test_no_shots_and_texts_leave_items_as_they_are() -> None:
    text = Task("x", "t", "bits_per_byte", (), ("a text",))
    assert with_shots([text, POOL[0]], [], 0) == [text, POOL[0]]
    assert with_shots([text], [], 3) == [text]


def test_never_the_item_itself_nor_another_of_its_source() -> None:
    for item in POOL:
        (shown,) = with_shots([item], POOL, 5)
        asked = [content for role, content in shown.prompt if role == "user"]
        assert len(set(asked)) == 6 and asked[-1] == item.prompt[0][1]
    with pytest.raises(InputError, match="task 't', item 'x': found 5 demonstrations beside it, expected 6"):
        with_shots([chat("x", "  ASK   1 ", "say 1")], POOL, 6)  # the same but for case and white space
    ofs = [chat("a", "one", "1", source="page"), chat("b", "two", "2", source="other")]
    (shown,) = with_shots([chat("x", "three", "3", source="page")], ofs, 1)
    assert shown.prompt[0] == ("user", "two")
    with pytest.raises(InputError, match="found 1 demonstrations"):
        with_shots([chat("x", "three", "3", source="page")], ofs, 2)
    whole = [Task(str(n), "t", "choice", "", (f"good {n}",), (f"good {n}", f"bad {n}")) for n in range(2)]
    with pytest.raises(InputError, match="found 1 demonstrations"):  # of items without a prompt, by their choices
        with_shots(whole[:1], whole, 2)


def test_the_draw_depends_on_the_seed_and_on_no_order() -> None:
    item = chat("x", "ask me", "ok")
    first = with_shots([item], POOL, 3, seed=1)
    assert first == with_shots([item], POOL[::-1], 3, seed=1)
    assert with_shots([item, POOL[0]], POOL, 3, seed=1)[0] == first[0]
    assert len({with_shots([item], POOL, 3, seed=seed)[0].prompt for seed in range(8)}) > 3


@pytest.mark.parametrize("own", [False, True], ids=["same choices", "choices of its own"])
def test_right_answers_take_turns(own: bool) -> None:
    def item(name: str, right: int) -> Task:
        choices = (f"no {name}", f"yes {name}") if own else ("no", "yes")
        return Task(name, "t", "choice", (("user", f"ask {name}"),), (choices[right],), choices)

    pool = [item(str(n), int(n >= 9)) for n in range(12)]  # nine of one, three of the other
    for seed in range(5):
        (shown,) = with_shots([item("x", 0)], pool, 6, seed=seed)
        said = [content.split()[0] for role, content in shown.prompt if role == "assistant"]
        assert sorted(said) == ["no"] * 3 + ["yes"] * 3
        assert all(first != second for first, second in zip(said[::2], said[1::2], strict=True))
    (shown,) = with_shots([item("x", 0)], pool, 8)
    assert sum(content.startswith("yes") for role, content in shown.prompt if role == "assistant") == 3


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(InputError, match="shots is -1"):
        with_shots(POOL, POOL, -1)
    raw = Task("r", "t", "contains", "raw", ("x",))
    with pytest.raises(InputError, match="demonstration 'r' is of another form than item '0', expected turns"):
        with_shots(POOL[:1], [raw], 1)
    other = Task("1", "other", "contains", "raw", ("x",))
    with pytest.raises(InputError, match="found 0 demonstrations beside it, expected 1"):
        with_shots(POOL[:1], [other], 1)

from pipelines.report import expansion

FACTS = {"new_tokens": 1200, "held_out_characters": 37536, "before": 1.19, "after": 0.623, "base": "small"}


def test_the_page_says_what_texts_take_before_and_after():
    view = expansion.expand({"facts": FACTS})
    assert view["base"] == "small"
    assert [value for _, value in view["figures"]] == ["1,200", "1.19", "0.623", "37,536"]


def test_without_held_out_text_nothing_is_claimed():
    facts = {**FACTS, "held_out_characters": 0, "before": None, "after": None}
    assert [name for name, _ in expansion.expand({"facts": facts})["figures"]] == ["new tokens"]
    assert expansion.lines(facts) == ["1,200 new tokens; no text was held out to measure them"]


def test_the_terminal_has_a_line():
    assert expansion.lines(FACTS) == ["1,200 new tokens; a held-out character takes 0.623 tokens, 1.19 before"]
    assert expansion.lines({}) == []

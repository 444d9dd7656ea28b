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


def test_fewer_tokens_than_asked_for_is_said_with_the_reason():
    note = (
        "4,000 tokens were asked for and 1,200 found: nothing else that could be a token stands 10 times in the texts "
        "(expansion.least)"
    )
    facts = {**FACTS, "asked": 4000, "least": 10, "unknown": 0}
    assert expansion.lines(facts)[1:] == [note] == expansion.expand({"facts": facts})["notes"]
    assert len(expansion.lines({**facts, "asked": 1200})) == 1


def test_what_the_tokenizer_cannot_read_is_said():
    note = (
        "3 places of the texts are unknown to the tokenizer, which has no bytes to spell them; no token can be made "
        "of them"
    )
    facts = {**FACTS, "asked": 1200, "least": 10, "unknown": 3}
    assert expansion.lines(facts)[1:] == [note] == expansion.expand({"facts": facts})["notes"]

from pipelines.report import numbers

SHARE = {"field": "lang", "value": "ko", "rows_before": 10, "rows_after": 5, "share_before": 0.5, "share_after": 0.333,
         "target": None}  # fmt: skip


def test_a_step_without_numbers_has_no_tables():
    assert numbers.tables({"records": 3, "tokens": {}}) == []


def test_tables_stand_in_order_and_long_ones_are_cut_with_a_word():
    facts = {"tokens": {f"source{n:02d}": n for n in range(50)}, "shares": [SHARE], "conflicting": 4}
    tokens, shares, others = numbers.tables(facts)
    assert tokens["title"] == "Tokens by source" and len(tokens["rows"]) == numbers.MOST and "10" in tokens["note"]
    assert shares["rows"] == [["lang", "ko", "10", "5", "50.0 %", "33.3 %", ""]]
    assert others["rows"] == [["rows that contradict another", "4"]]


def test_bounds_say_why_a_group_is_left_alone():
    bound = {"score": "s", "lang": None, "source": "a", "rows": 3, "median": 1.0, "low": None, "high": None,
             "left_alone": "too few rows"}  # fmt: skip
    (table,) = numbers.tables({"bounds": [bound]})
    assert table["rows"][0][-1] == "too few rows" and table["rows"][0][1] == ""

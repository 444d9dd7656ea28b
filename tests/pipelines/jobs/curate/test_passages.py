import random

from curation.dedup.substring import SubstringOptions
from pipelines.jobs.curate import passages

WORDS = [f"word{i}" for i in range(400)]


def words(count: int, seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def test_a_passage_of_two_documents_stays_in_the_one_that_comes_first(step, left, ledger):
    passage = words(60, 0)
    texts = [f"{words(40, 1)} {passage} {words(30, 2)}", words(50, 3), f"{passage} {words(20, 4)}", words(90, 5)]
    made = step(texts)
    passages.take_out(*made, SubstringOptions(length=50), True)
    assert left(made)["text"].to_list() == [texts[0], texts[1], words(20, 4), texts[3]]
    row = ledger(made).row(0, named=True)
    assert (row["row_id"], row["action"], row["duplicate_of"]) == ("02", "edit", "00")

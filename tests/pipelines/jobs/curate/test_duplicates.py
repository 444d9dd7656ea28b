from pipelines.jobs.curate import duplicates
from pipelines.settings import ExactSettings, MinHashSettings

LONG = "the night nurse wrote that every patient with a fever should drink water and rest because of the heat " * 3


def test_exact_duplicates_across_partitions_keep_the_first_in_keep_order(step, left, ledger):
    made = step(["Same text", "other", "same  text", "other one"])
    duplicates.drop_exact(*made, ExactSettings())
    assert left(made)["doc_id"].to_list() == ["01", "02", "03"]  # the longest of equals stays
    row = ledger(made).row(0, named=True)
    assert (row["row_id"], row["duplicate_of"], row["similarity"], row["rule"]) == ("00", "02", 1.0, "duplicate.exact")


def test_near_duplicates_are_verified_and_name_their_similarity(step, left, ledger):
    made = step([LONG, "something else altogether", LONG.replace("water", "tea", 1), "short"])
    duplicates.drop_near(*made, MinHashSettings(threshold=0.6))
    assert left(made).height == 3
    row = ledger(made).row(0, named=True)
    assert row["rule"] == "duplicate.minhash" and row["stage"] == "minhash" and row["threshold"] == 0.6
    assert 0.6 <= row["similarity"] < 1 and row["duplicate_of"] in {"00", "02"}


def test_options_are_those_of_the_settings():
    options = duplicates.options_of(MinHashSettings(threshold=0.8, bands=14, rows=8, keep=("doc_id",)))
    assert (options.threshold, options.bands, options.rows, options.keep_order) == (0.8, 14, 8, ("doc_id",))


def test_fields_that_must_be_equal_too_keep_one_answer_to_two_questions(step, left):
    made = step(["yes", "yes", "Yes"], meta=['{"q": "Is it red?"}', '{"q": "Is it blue?"}', '{"q": "Is it red?"}'])
    duplicates.drop_exact(*made, ExactSettings(fields=("q",)))
    assert left(made)["doc_id"].to_list() == ["00", "01"]


def test_copies_of_a_dropped_document_name_the_kept_one_also_from_another_partition(step, left, ledger):
    one, other = LONG, LONG.replace("water", "tea", 1)
    made = step([one + " and more of it to be the longest", "x", other, other.replace(" ", "  ", 1)])
    duplicates.drop_near(*made, MinHashSettings(threshold=0.4))
    kept = set(left(made)["doc_id"])
    rows = ledger(made)
    assert rows.height == 2 and set(rows["duplicate_of"]) <= kept
    assert rows["similarity"].n_unique() == 1 and rows["similarity"][0] < 1

"""Examples: few, fair, clipped and saying how much was clipped."""

from pathlib import Path

from pipelines.recipe import Recipe
from pipelines.report import examples
from pipelines.settings import CurateSettings


def curation(folder: Path, recipe: Recipe) -> dict[str, list[examples.Example]]:
    settings = recipe.steps["documentation"]
    assert isinstance(settings, CurateSettings)
    return examples.of_curation(folder, "documentation", settings)


def test_excerpt_says_how_long_the_text_is() -> None:
    assert examples.excerpt("가" * 1000) == {"text": "가" * examples.LIMIT, "characters": 1000}


def test_near_duplicates_are_the_least_middle_and_most_alike(run_folder: Path, recipe: Recipe) -> None:
    pairs = curation(run_folder, recipe)["duplicates"]
    assert [(pair["rule"], pair["similarity"]) for pair in pairs] == [
        ("duplicate.minhash", 0.71),
        ("duplicate.minhash", 0.9),
        ("duplicate.minhash", 0.99),
        ("duplicate.exact", 1.0),
    ]
    for pair in pairs:
        assert pair["dropped"]["text"].startswith(pair["kept"]["text"])
        assert pair["dropped"]["characters"] > examples.LIMIT


def test_dropped_documents_name_rule_value_and_threshold(run_folder: Path, recipe: Recipe) -> None:
    found = {row["rule"]: row for row in curation(run_folder, recipe)["dropped"]}
    assert set(found) == {"gopher.words", "korean.hangul", "length.characters"}
    assert found["korean.hangul"]["text"] == "짧다"
    assert (found["korean.hangul"]["value"], found["korean.hangul"]["threshold"]) == (2.0, 10.0)
    assert found["length.characters"]["text"] == "mail <EMAIL> for the secret"


def test_replaced_personal_data_is_shown_in_its_surroundings(run_folder: Path, recipe: Recipe) -> None:
    (row,) = curation(run_folder, recipe)["edited"]
    assert "<EMAIL>" in row["text"] and row["rule"] == "pii.email" and not row["cut"]


def test_without_dropped_texts_the_rule_is_still_shown(run_folder: Path, recipe: Recipe) -> None:
    for path in (run_folder / "dropped" / "documentation").glob("*.parquet"):
        path.unlink()
    found = curation(run_folder, recipe)
    assert len(found["dropped"]) == 3 and all("text" not in row for row in found["dropped"])
    assert all("text" not in pair["dropped"] and pair["kept"]["text"] for pair in found["duplicates"])


def test_samples_of_every_tier_beside_their_references(run_folder: Path) -> None:
    rows = examples.of_samples(run_folder, "distilled", "tier")
    tiers = [row["tier"] for row in rows]
    assert sorted(set(tiers)) == ["gold_fallback", "new_knowledge", "verified_rewrite", "verified_self"]
    assert all(tiers.count(tier) == examples.EACH for tier in tiers)
    assert all(row["reference"]["text"].startswith("reference ") for row in rows)
    assert all(row["checks"][0]["name"] == "short_answer" for row in rows)


def test_a_step_that_made_nothing_has_no_examples(tmp_path: Path, recipe: Recipe) -> None:
    assert examples.of_samples(tmp_path, "distilled", "tier") == []
    assert not any(curation(tmp_path, recipe).values())

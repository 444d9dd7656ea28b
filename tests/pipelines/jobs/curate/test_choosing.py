import pytest

from curation.errors import InputError
from pipelines.jobs.curate import choosing, vectors
from pipelines.settings.embedding import EmbeddingSettings
from pipelines.settings.topics import SelectionSettings

EMBEDDING = EmbeddingSettings(dimensions=8, sample=100)
TEXTS = [
    text
    for n in range(6)
    for text in (f"cat number {n} sat on the warm mat", f"주식 가격은 서울에서 {n} 번째로 내렸다")
]


@pytest.mark.parametrize("method", ["nearest", "boundary", "facility"])
def test_each_cluster_has_its_share_of_what_is_chosen(step, left, ledger, method):
    made = step(TEXTS)
    vectors.ready(*made, EMBEDDING)
    choosing.select(*made, SelectionSettings(method=method, number=4, clusters=2), EMBEDDING)
    assert sorted(text[0] for text in left(made)["text"]) == ["c", "c", "주", "주"]
    assert set(ledger(made)["rule"]) == {f"selection.{method}"} and ledger(made).height == 8


def test_centres_of_all_documents_are_far_apart(step, left):
    made = step(TEXTS)
    vectors.ready(*made, EMBEDDING)
    choosing.select(*made, SelectionSettings(method="k_center", number=2), EMBEDDING)
    assert {text[0] for text in left(made)["text"]} == {"c", "주"}


def test_the_best_by_a_score_are_kept_and_those_without_it_are_not(step, left):
    made = step(["a", "b", "c", "d"], {"my.score": [0.1, 0.9, None, 0.5]})
    choosing.select(*made, SelectionSettings(method="top", share=0.5, score="my.score"), EMBEDDING)
    assert left(made)["text"].to_list() == ["b", "d"]


def test_a_score_that_is_not_there_is_named(step):
    made = step(["a", "b"], {"my.score": [0.1, 0.9]})
    with pytest.raises(InputError, match=r"selection.score: found 'quality.score', expected one of my.score"):
        choosing.select(*made, SelectionSettings(method="top", number=1), EMBEDDING)


def test_chance_goes_by_the_seed(step, left):
    def chosen(seed: int) -> list[str]:
        made = step([str(n) for n in range(40)])
        choosing.select(*made, SelectionSettings(method="random", number=10, seed=seed), EMBEDDING)
        return left(made)["doc_id"].to_list()

    assert len(chosen(1)) == 10 and chosen(1) == chosen(1) != chosen(2)


def test_another_choice_of_the_same_vectors_embeds_nothing_again(step, left):
    made = step(TEXTS)
    job, pending = made
    vectors.ready(*made, EMBEDDING)
    choosing.select(*made, SelectionSettings(number=4, clusters=2), EMBEDDING)
    pending.decisions.clear()
    choosing.select(*made, SelectionSettings(number=6, clusters=2), EMBEDDING)
    assert left(made).height == 6
    assert job.run.done.count("c/selection") == 2 and job.run.done.count(f"c/selection-side/{pending.parts[0]}") == 1

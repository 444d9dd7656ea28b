from curation.dedup.semantic import SemanticOptions
from pipelines.jobs.curate import vectors
from pipelines.settings.embedding import EmbeddingSettings

TOPICS = ["the cat sat on a warm mat", "stock prices fell in Seoul today", "rain is likely on Monday morning"]


def test_documents_alike_in_meaning_keep_one_of_each(step, left, ledger):
    texts = [text for text in TOPICS for _ in range(4)]
    texts = [f"{text} again" if number % 4 == 3 else text for number, text in enumerate(texts)]
    made = step(texts)
    embedding = EmbeddingSettings(dimensions=8, sample=100)
    vectors.ready(*made, embedding)
    vectors.drop_semantic(*made, SemanticOptions(threshold=0.6), embedding)
    assert sorted({text.split()[1] for text in left(made)["text"]}) == ["cat", "is", "prices"]
    assert left(made).height == 3
    rows = ledger(made)
    assert set(rows["rule"]) == {"duplicate.semantic"} and rows["similarity"].min() >= 0.6


def test_nothing_left_to_compare_is_no_error(step, left):
    made = step(["", ""])
    embedding = EmbeddingSettings(dimensions=8, sample=100)
    vectors.ready(*made, embedding)
    vectors.drop_semantic(*made, SemanticOptions(), embedding)
    assert left(made).height == 2

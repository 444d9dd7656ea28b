import numpy as np

from curation.ngram_kernels import count_ngrams

LETTERS = np.zeros(128, np.uint8)
LETTERS[ord("a") : ord("z") + 1] = 1
LETTERS[ord("!")] = 2


def _counted(text: bytes, words: int, shortest: int, longest: int, marks: bool) -> list[int]:
    offsets, room = np.zeros(2, np.int64), 200
    indices, values = np.empty(room, np.int32), np.empty(room, np.float32)
    content = np.frombuffer(text, np.uint8)
    starts = np.array([0, len(text)], np.int64)
    count_ngrams(content, starts, LETTERS, 0, 1, words, shortest, longest, marks, 1 << 20, offsets, indices, values)
    found = indices[: offsets[1]]
    assert len(set(found.tolist())) == len(found)
    return sorted(values[: offsets[1]].astype(int).tolist())


def test_words_and_pairs_of_words():
    assert _counted(b"ab cd ab", 1, 1, 0, False) == [1, 2]
    assert _counted(b"ab cd ab", 2, 1, 0, False) == [1, 1, 1, 2]  # ab-cd and cd-ab


def test_marks_are_tokens_only_if_asked_for():
    assert _counted(b"ab!! ab", 1, 1, 0, True) == [1, 2]
    assert _counted(b"ab!! ab", 1, 1, 0, False) == [2]


def test_characters_with_edges_stay_within_a_word():
    # edge-a, a-b, b-edge of each of two equal words; nothing from b to a
    assert _counted(b"ab ab", 0, 2, 2, False) == [2, 2, 2]
    assert _counted(b"a", 0, 1, 3, False) == [1, 1, 1, 1]  # a; edge-a, a-edge; edge-a-edge


def test_what_the_table_does_not_know_is_a_space():
    assert _counted("ab한cd".encode(), 1, 1, 0, True) == [1, 1]
    assert _counted(b"", 2, 1, 3, True) == []

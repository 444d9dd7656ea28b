from hypothesis import given
from hypothesis import strategies as st

from curation.boundaries import HEADING, LINE, PARAGRAPH, SENTENCE
from curation.packing import pack

UNITS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 10), st.integers(1, 6)), min_size=1, max_size=25)


def _starts(widths: list[int]) -> list[int]:
    return [sum(widths[:at]) for at in range(len(widths))]


@given(UNITS, st.integers(10, 30), st.integers(0, 9))
def test_pieces_rebuild_the_text_within_the_limit(units: list[tuple[int, int, int]], limit: int, overlap: int):
    strengths, sizes, widths = (list(column) for column in zip(*units, strict=True))
    starts, end = _starts(widths), sum(widths)
    pieces = pack(starts, strengths, sizes, end, limit, overlap)
    assert pieces[0].begin == pieces[0].own == 0 and pieces[-1].end == end
    for piece in pieces:
        inside = [i for i, start in enumerate(starts) if piece.begin <= start < piece.end]
        own = [i for i in inside if starts[i] >= piece.own]
        assert piece.tokens == sum(sizes[i] for i in inside) <= limit
        assert sum(sizes[i] for i in inside if i not in own) <= overlap
        assert own and all(strengths[i] != HEADING for i in own[1:])
    assert all(one.end == other.own for one, other in zip(pieces[:-1], pieces[1:], strict=True))


def test_the_best_boundary_of_the_second_half_ends_a_full_piece():
    sizes = [2] * 8
    strengths = [0, SENTENCE, SENTENCE, PARAGRAPH, SENTENCE, SENTENCE, LINE, SENTENCE]
    pieces = pack(list(range(8)), strengths, sizes, 8, 10, 0)
    assert [(piece.own, piece.end) for piece in pieces] == [(0, 3), (3, 8)]  # before the paragraph, at 6 of 10
    early = pack(list(range(8)), [0, PARAGRAPH] + [SENTENCE] * 6, sizes, 8, 10, 0)
    assert [(piece.own, piece.end) for piece in early] == [(0, 5), (5, 8)]  # at 2 of 10 it would waste too much


def test_overlap_takes_whole_units_and_stops_at_headings():
    pieces = pack(list(range(6)), [0, 1, 1, HEADING, 1, 1], [3] * 6, 6, 6, 4)
    assert [(piece.begin, piece.own, piece.end) for piece in pieces] == [
        (0, 0, 2), (1, 2, 3), (3, 3, 5), (4, 5, 6),
    ]  # fmt: skip

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.compiled import decode, jaccard, kernel, mix


@given(st.text(min_size=1, max_size=20))
def test_text_is_read_character_by_character(text: str) -> None:
    content = np.frombuffer(text.encode(), np.uint8)
    at, read = 0, []
    while at < len(content):
        code, size = decode(content, at)
        read.append(chr(code))
        at += size
    assert "".join(read) == text


def test_the_hash_is_that_of_murmur_and_one_to_one() -> None:
    # fmix64 of MurmurHash3 (Appleby 2011), worked out in Python's whole numbers.
    def fmix(value: int) -> int:
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            value = (value ^ value >> 33) * factor % 2**64
        return value ^ value >> 33

    numbers = [0, 1, 2, 2**32, 2**63, 2**64 - 1]
    assert [int(mix(np.uint64(number))) for number in numbers] == [fmix(number) for number in numbers]


@given(st.sets(st.integers(0, 12)), st.sets(st.integers(0, 12)))
def test_jaccard_of_runs_within_two_arrays(one: set[int], two: set[int]) -> None:
    if not one | two:
        return
    left = np.array([99, *sorted(one)], np.uint32)
    right = np.array([*sorted(two), 99], np.uint32)
    found = jaccard(left, 1, len(left), right, 0, len(two))
    assert found == len(one & two) / len(one | two)


def test_a_kernel_holds_no_lock_and_computes() -> None:
    @kernel
    def total(values: np.ndarray) -> int:
        found = 0
        for value in values:
            found += value
        return found

    assert total(np.arange(5)) == 10
    assert total.targetoptions["nogil"]  # type: ignore[attr-defined]

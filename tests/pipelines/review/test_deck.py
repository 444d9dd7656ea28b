"""The stored sample: drawn once, and never taken for another."""

from pathlib import Path

import pytest

from curation.errors import InputError
from curation.review.sampling import SampleOptions
from pipelines.review import sample
from pipelines.review.deck import Deck, Drawn, open_deck

OPTIONS = {"seed": 17, "size": 40}


def opened(run: Path, folder: Path, state: str = "s", given: dict[str, object] | None = None, **more: object) -> Deck:
    def draw() -> Drawn:
        return sample.draw(run, "corpus", SampleOptions(size=40))

    return open_deck(folder, "rows", state, OPTIONS, given or {}, draw, ("", ""), **more)  # type: ignore[arg-type]


def test_a_sample_is_drawn_once_and_byte_stable(run: Path, tmp_path: Path) -> None:
    first = opened(run, tmp_path / "a")
    again = opened(run.parent / "nowhere", tmp_path / "a", given={"size": 40})
    assert again.cards.equals(first.cards) and (again.kind, again.seed, again.facts) == ("rows", 17, first.facts)
    opened(run, tmp_path / "b")
    for name in ("sample.parquet", "sample.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_rows_that_changed_since_are_refused_unless_fresh(run: Path, tmp_path: Path) -> None:
    opened(run, tmp_path / "a")
    with pytest.raises(InputError, match="rows that have changed since.*--fresh"):
        opened(run, tmp_path / "a", state="t")
    opened(run, tmp_path / "a", state="t", fresh=True)
    opened(run, tmp_path / "a", state="t")


def test_other_options_are_refused(run: Path, tmp_path: Path) -> None:
    opened(run, tmp_path / "a")
    with pytest.raises(InputError, match="drawn with size 40, expected 50; --fresh"):
        opened(run, tmp_path / "a", given={"size": 50})


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"format": 1}'])
def test_a_damaged_card_is_said(run: Path, tmp_path: Path, damage: str) -> None:
    opened(run, tmp_path / "a")
    (tmp_path / "a/sample.json").write_text(damage)
    with pytest.raises(InputError, match="damaged sample"):
        opened(run, tmp_path / "a")


def test_files_that_do_not_belong_together_are_said(run: Path, tmp_path: Path) -> None:
    opened(run, tmp_path / "a")
    (tmp_path / "a/sample.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="do not belong together"):
        opened(run, tmp_path / "a")

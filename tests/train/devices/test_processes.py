import pytest
import torch

from curation.errors import InputError
from train.devices import processes


def test_without_others_this_process_is_the_first_and_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "3")  # left by another tool
    assert (processes.count(), processes.rank(), processes.first()) == (1, 0, True)
    processes.join()
    processes.wait()
    with processes.in_turn():
        pass


def test_one_of_several_knows_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "2")
    assert (processes.count(), processes.rank(), processes.first()) == (4, 2, False)


def test_a_way_of_sharing_out_that_would_not_be_followed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(InputError, match="fsdp_version is 1, expected 2"):
        processes.join()
    monkeypatch.setenv("FSDP_VERSION", "2")
    with pytest.raises(InputError, match="use_fsdp is set with 1 process, expected several"):
        processes.join()


def test_alone_a_process_has_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.arange(6.0).reshape(3, 2)
    processes.add_up(values)
    assert torch.equal(processes.gathered(values), torch.arange(6.0).reshape(3, 2))
    assert processes.gathered_rows(("a", "b")) == ["a", "b"] and processes.own(3) == slice(0, 3)
    assert processes.share([1, 2, 3]) == [1, 2, 3]


def test_the_parts_of_several_are_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    rows, found = list(range(12)), []
    for rank in range(3):
        monkeypatch.setenv("RANK", str(rank))
        found.append((rows[processes.own(12)], processes.share(rows)))
    assert [row for own, _ in found for row in own] == rows
    assert sorted(row for _, part in found for row in part) == rows and all(len(part) == 4 for _, part in found)

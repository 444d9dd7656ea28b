import pytest
import torch
from torch import nn

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
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="use_fsdp is set and there is no GPU, expected one"):
        processes.join()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(InputError, match="fsdp_version is 1, expected 2"):
        processes.join()


def test_a_model_that_is_whole_stays_as_it_is() -> None:
    model = nn.Linear(2, 2)
    weight = model.weight
    assert processes.whole(model) is model and model.weight is weight

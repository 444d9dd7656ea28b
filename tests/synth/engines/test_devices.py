import pytest
import torch

from curation.errors import InputError
from synth.engines.devices import device


def test_a_device_that_is_here():
    assert device("cpu", "device") == torch.device("cpu")
    assert device("auto", "device").type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("asked", ["cuda:99", "gpu", "xla", ""])
def test_one_that_is_not_is_one_sentence(asked):
    with pytest.raises(InputError, match=r"^engine option device is .* expected auto or one that is here"):
        device(asked, "engine option device")

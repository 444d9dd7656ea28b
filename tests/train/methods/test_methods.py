from train.methods import module
from train.options.run import METHODS


def test_every_method_has_a_module_that_prepares_and_runs() -> None:
    for method in METHODS:
        assert callable(module(method).prepare) and callable(module(method).run)

"""What every test shares: an offline environment, deterministic property tests, and the shared data folder."""

import importlib.util
import os
from pathlib import Path

# Before any import of a library that reads them.
for _name, _value in {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}.items():
    os.environ.setdefault(_name, _value)

import pytest
from hypothesis import HealthCheck, settings

CHECKOUT = Path(__file__).resolve().parent.parent

# The same examples on every machine and every run: a failure seen once is seen again. `explore` looks for new ones.
settings.register_profile(
    "keepwise", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("KEEPWISE_HYPOTHESIS", "keepwise"))


def _shared_data_folder() -> Path | None:
    """The folder named by KEEPWISE_DATA, else ../shared/data beside the checkout; none where it does not exist."""
    named = os.environ.get("KEEPWISE_DATA")
    if named and not Path(named).is_dir():
        raise pytest.UsageError(f"KEEPWISE_DATA names {named}, which is not a folder")
    folder = Path(named) if named else CHECKOUT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    no_data = None
    if _shared_data_folder() is None:
        no_data = pytest.mark.skip(reason="no shared data: set KEEPWISE_DATA or put it in ../shared/data")
    no_vllm = None
    if importlib.util.find_spec("vllm") is None:
        no_vllm = pytest.mark.skip(reason="vllm is not installed")
    for item in items:
        if no_data is not None and "shared_data" in item.keywords:
            item.add_marker(no_data)
        if no_vllm is not None and "vllm" in item.keywords:
            item.add_marker(no_vllm)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared data folder (read-only); the test is skipped where there is none."""
    folder = _shared_data_folder()
    if folder is None:
        pytest.skip("no shared data: set KEEPWISE_DATA or put it in ../shared/data")
    return folder

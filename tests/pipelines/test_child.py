import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines import child


def test_a_child_returns_what_its_function_returns():
    assert child.call(os.path.join, "a", "b") == "a/b"
    assert child.call(os.getpid) != os.getpid()


def test_a_child_that_raises_or_dies_is_told_apart():
    with pytest.raises(child.ChildError, match="ZeroDivisionError"):
        child.call(divmod, 1, 0)
    with pytest.raises(child.ChildError, match="out of memory"):
        child.call(signal.raise_signal, signal.SIGKILL)


def test_bad_input_in_a_child_is_bad_input(tmp_path):
    from pipelines.recipe import load

    with pytest.raises(InputError, match="no such recipe file"):
        child.call(load, tmp_path / "missing.yaml")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_ends_with_its_parent():
    script = (
        "import os, time\nfrom pipelines import child\n"
        "if __name__ == '__main__':\n"
        "    import multiprocessing, threading\n"
        "    def show():\n"
        "        time.sleep(3)\n"
        "        print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "    threading.Thread(target=show).start()\n"
        "    child.call(time.sleep, 300)\n"
    )
    path = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=path)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid}") or "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]:
            return
        time.sleep(0.1)
    pytest.fail("the child outlived its parent")

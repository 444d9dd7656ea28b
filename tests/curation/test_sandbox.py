"""The sandbox against hostile programs, each under every kind of sandbox that works here."""

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from curation.checks import sandbox

KINDS = [kind for kind in ("bwrap", "unshare") if sandbox._problem(kind) is None]


@pytest.fixture(params=KINDS or [None])
def run(request, monkeypatch):
    if request.param is None:
        pytest.skip(f"no sandbox works on this machine: {sandbox.detect()[1]}")
    monkeypatch.setattr(sandbox, "detect", lambda: (request.param, "as the test says"))
    return sandbox.run_python


def test_a_program_reads_standard_input_and_writes_both_streams(run):
    outcome = run("import sys\nprint(input()[::-1])\nprint('말', file=sys.stderr)", stdin="abc\n")
    assert outcome == sandbox.Outcome("finished", 0, "cba\n", "말\n")
    assert outcome.succeeded


def test_an_error_is_an_exit_code_and_a_traceback(run):
    outcome = run("assert 1 + 1 == 3, 'sum'")
    assert (outcome.status, outcome.exit_code, outcome.succeeded) == ("finished", 1, False)
    assert "AssertionError: sum" in outcome.stderr


def test_the_standard_library_works_and_installed_packages_are_not_there(run):
    assert run("import json, re, decimal, itertools, collections, datetime; print(json.dumps({'a': 1}))").succeeded
    assert "ModuleNotFoundError" in run("import polars").stderr


def test_files_can_be_written_in_the_working_folder_only(run, tmp_path):
    assert run("open('a.txt', 'w').write('x'); print(open('a.txt').read())").stdout == "x\n"
    outside = tmp_path / "planted"
    for target in (str(outside), "/usr/planted", "/code/main.py"):
        outcome = run(f"open({target!r}, 'w').write('x')")
        assert outcome.exit_code == 1, f"{target} was written"
    assert not outside.exists()
    assert not Path("/usr/planted").exists()


def test_nothing_stays_from_one_run_to_the_next(run):
    run("open('left.txt', 'w').write('x')")
    assert run("import os; print(os.listdir())").stdout == "[]\n"


def test_no_network_not_even_this_machine(run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        outcome = run(f"import socket; socket.create_connection(('127.0.0.1', {port}), 2).send(b'x')")
        assert outcome.exit_code == 1
        assert "PermissionError" in outcome.stderr


def test_secrets_of_the_environment_and_of_files_are_not_seen(run, monkeypatch, tmp_path):
    monkeypatch.setenv("TOKEN_OF_A_USER", "hunter2")
    secret = tmp_path / "token"
    secret.write_text("hunter2")
    outcome = run(
        "import os\nprint(dict(os.environ))\n"
        f"for path in ({str(secret)!r}, '/etc/passwd', '/proc/1/environ', '/proc/self/environ', '/sys/kernel'):\n"
        "    print(path, os.path.exists(path))\n"
        f"print(os.listdir('/'), os.path.isdir({str(Path(__file__).parent)!r}))"
    )
    assert outcome.succeeded, outcome.stderr
    assert "hunter2" not in outcome.stdout
    assert "True" not in outcome.stdout


def test_a_fork_bomb_starts_nothing(run):
    outcome = run("import os\nwhile True:\n    os.fork()")
    assert (outcome.exit_code, "PermissionError" in outcome.stderr) == (1, True)
    assert run("import subprocess; subprocess.run(['/bin/sh', '-c', 'echo out'])").exit_code == 1
    assert run("import multiprocessing as m; m.get_context('spawn').Process(target=print).start()").exit_code == 1


def test_a_system_call_by_its_number_is_refused_too(run):
    code = (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "assert libc.unshare(0x10000000) == -1 and ctypes.get_errno() == 1\n"
        "assert libc.prctl(1, 0, 0, 0, 0) == -1 and ctypes.get_errno() == 1\n"
        "assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 1\n"
        "assert libc.chroot(b'/box') == -1 and ctypes.get_errno() == 1\n"
        "assert libc.mount(b'none', b'/box', b'tmpfs', 0, None) == -1 and ctypes.get_errno() == 1\n"
        "print('refused')"
    )
    outcome = run(code)
    assert outcome.stdout == "refused\n", outcome.stderr


def test_threads_are_allowed(run):
    code = (
        "from concurrent.futures import ThreadPoolExecutor as T\nwith T(4) as t: print(sum(t.map(abs, range(-9, 0))))"
    )
    assert run(code).stdout == "45\n"


def test_memory_is_bounded(run):
    outcome = run("x = bytearray(512 << 20)", memory_mb=128)
    assert "MemoryError" in outcome.stderr
    assert run("x = bytearray(64 << 20)", memory_mb=128).succeeded


def test_an_endless_loop_is_stopped(run):
    outcome = run("while True: pass", seconds=1)
    assert (outcome.status, outcome.exit_code, outcome.detail) == ("stopped", None, "limit of CPU time")


def test_an_endless_loop_that_ignores_the_signal_is_stopped_a_second_later(run):
    ignore = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)"
    outcome = run(f"{ignore}\nwhile True: pass", seconds=1)
    assert (outcome.status, outcome.exit_code, outcome.detail) == ("stopped", None, "limit of CPU time")


def test_no_limit_can_be_raised_again(run):
    names = ["CPU", "AS", "FSIZE", "NOFILE", "CORE", "MEMLOCK", "MSGQUEUE"]
    code = f"import resource as r\nprint([r.getrlimit(getattr(r, 'RLIMIT_' + name)) for name in {names}])"
    most = (128 << 20, sandbox.OUTPUT_BYTES, 64, 0, 0, 0)
    assert run(code, seconds=2.5, memory_mb=128).stdout == f"{[(3, 4), *((one, one) for one in most)]}\n"


def test_a_signal_is_named(run):
    outcome = run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (outcome.status, outcome.exit_code, outcome.detail) == ("stopped", None, "signal 11")


def test_a_sleeper_that_ignores_signals_is_stopped(run):
    code = (
        "import signal, time\nfor n in (1, 2, 3, 10, 12, 14, 15, 24): signal.signal(n, signal.SIG_IGN)\ntime.sleep(600)"
    )
    start = time.monotonic()
    outcome = run(code, seconds=0.5)
    assert (outcome.status, outcome.detail) == ("stopped", "limit of wall-clock time")
    assert time.monotonic() - start < 60


def test_output_and_files_are_bounded(run):
    outcome = run("import sys\nwhile True: sys.stdout.write('x' * 65536)", seconds=5)
    assert len(outcome.stdout) == sandbox.OUTPUT_BYTES
    assert (outcome.exit_code, "OSError" in outcome.stderr) == (1, True)
    assert "OSError" in run("open('big', 'wb').write(bytes(2 << 20))").stderr
    many = run("for n in range(100): open(str(n), 'wb').write(bytes(1 << 20))")
    assert "No space left" in many.stderr


def test_output_that_is_not_text_is_replaced_and_input_may_hold_lone_surrogates(run):
    assert run("import sys; sys.stdout.buffer.write(b'\\xff\\n')").stdout == "\ufffd\n"
    assert run("import sys; print(len(sys.stdin.buffer.read()))", stdin="\ud800").stdout == "3\n"


def test_sets_iterate_alike_on_every_run(run):
    code = "print(set('keepwise'), hash('a'))"
    assert run(code).stdout == run(code).stdout != ""


def test_limits_that_make_no_sense_are_refused(run):
    with pytest.raises(ValueError, match="seconds"):
        run("pass", seconds=0)
    with pytest.raises(ValueError, match="memory_mb"):
        run("pass", memory_mb=1)


def test_without_a_sandbox_nothing_is_run(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox.detect.cache_clear()
    try:
        assert sandbox.available() is None
        with pytest.raises(sandbox.SandboxUnavailable, match="bwrap is not installed.*unshare is not installed"):
            sandbox.run_python("print(1)")
    finally:
        sandbox.detect.cache_clear()


_UNCONFINED = f"""#!{sys.executable}
import json, os, subprocess, sys
end = subprocess.run([sys.executable, os.path.join(os.path.dirname(sys.argv[-2]), "main.py")]).returncode
os.write(json.loads(sys.argv[-1])["report"], json.dumps({{"exit_code": end, "cpu_seconds": 0}}).encode())
"""


def test_a_tool_that_does_not_confine_is_not_trusted(monkeypatch, tmp_path):
    """An `unshare` that runs the program as it is: the probe's program then reads and writes what it should not."""
    fake = tmp_path / "unshare"
    fake.write_text(_UNCONFINED)
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    problem = sandbox._problem("unshare")
    assert problem is not None
    assert "could read a file of the machine" in problem


def test_the_temporary_folders_are_removed(run, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run("print(1)")
    assert list(tmp_path.iterdir()) == []

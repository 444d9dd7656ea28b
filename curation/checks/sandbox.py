"""Run a program that a model wrote: no network, no files of the machine, bounded time, memory, processes and output.

Bubblewrap where it works, else `unshare` of util-linux with a file system built by `confine.py`; without either,
nothing is run. Beside the namespaces both give up all capabilities and refuse the system calls that start processes or
open sockets.
"""

import functools
import json
import math
import os
import platform
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from . import confine

Kind = Literal["bwrap", "unshare"]
OUTPUT_BYTES = 1 << 20  # the most that a program may write to standard output, to standard error, and to any one file
MIN_MEMORY_MB = 32  # less does not start an interpreter
# System folders a Python interpreter may load libraries from. Nothing under /etc, /home, /root, /var, /proc or /sys but
# what is named.
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")


class SandboxUnavailable(Exception):  # noqa: N818
    """No sandbox works on this machine; the message says what was tried, what each said, and what to do."""


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    `finished`: it exited by itself, with `exit_code` (0: success). `stopped`: a limit of time or memory, or a signal,
    ended it; `exit_code` is then none and `detail` says which. Text is decoded as UTF-8 with replacement, at most
    OUTPUT_BYTES of each.
    """

    status: Literal["finished", "stopped"]
    exit_code: int | None
    stdout: str
    stderr: str
    detail: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the program ended by itself without an error."""
        return self.exit_code == 0


def available() -> Kind | None:
    """The sandbox that works here, found by really confining a program once a process; none where none does."""
    return detect()[0]


@functools.cache
def detect() -> tuple[Kind | None, str]:
    """The sandbox that works here, and a sentence for people: which one, or why none does."""
    found: list[str] = []
    for kind in ("bwrap", "unshare"):
        problem = _problem(kind)
        if problem is None:
            return kind, f"{kind} confines a program"
        found.append(f"{kind}: {problem}")
    return None, "; ".join(found)


def run_python(code: str, stdin: str = "", seconds: float = 5.0, memory_mb: int = 256) -> Outcome:
    """Run `code` as a Python program of its own, standard library only, in an empty working folder that is thrown away.

    `seconds` bounds its CPU time (rounded up to whole seconds, and one more for a program that ignores the signal that
    comes then); wall-clock time is bounded by twice that and two seconds, so that a busy machine does not change a
    verdict. `memory_mb` (MiB) bounds its address space. It can start threads but no processes. Sets of strings iterate
    in the same order on every run. Raises SandboxUnavailable where no sandbox works, ValueError for limits that make no
    sense.
    """
    if not seconds > 0 or memory_mb < MIN_MEMORY_MB:
        raise ValueError(
            f"seconds must be over 0 and memory_mb at least {MIN_MEMORY_MB}, got {seconds} and {memory_mb}"
        )
    kind, reason = detect()
    if kind is None:
        raise SandboxUnavailable(
            f"generated code is not run, as no sandbox works here ({reason}); "
            "install bubblewrap, or allow user namespaces"
        )
    return _run(kind, code, stdin, seconds, memory_mb)


def _run(kind: Kind, code: str, stdin: str, seconds: float, memory_mb: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="keepwise-box-") as folder:
        inside, root = Path(folder, "code"), Path(folder, "root")
        inside.mkdir()
        root.mkdir()
        (inside / "main.py").write_text(code, encoding="utf-8", errors="surrogatepass")
        shutil.copyfile(confine.__file__, inside / "confine.py")
        cpu_seconds = max(1, math.ceil(seconds))
        with _files(folder, stdin) as (given, out, err, report):
            command = _command(kind, inside, root, cpu_seconds, memory_mb << 20, report)
            process = subprocess.Popen(
                command,
                stdin=given,
                stdout=out,
                stderr=err,
                pass_fds=(report,),
                env={},
                cwd="/",
                start_new_session=True,
            )
            try:
                process.wait(2 * seconds + 2)
                in_time = True
            except subprocess.TimeoutExpired:
                in_time = False
            finally:
                process.kill()  # both sandboxes take everything inside with them
                process.wait()
        stdout, stderr = (
            Path(folder, name).read_bytes()[:OUTPUT_BYTES].decode("utf-8", "replace") for name in ("out", "err")
        )
        end = Path(folder, "report").read_bytes()
    if not in_time:
        return Outcome("stopped", None, stdout, stderr, "limit of wall-clock time")
    if not end:
        raise SandboxUnavailable(
            f"{kind} failed before the program ended: {' '.join(stderr.split()[-30:]) or 'no message'}"
        )
    return _outcome(json.loads(end), cpu_seconds, stdout, stderr)


def _outcome(end: dict[str, float], cpu_seconds: int, stdout: str, stderr: str) -> Outcome:
    exit_code = int(end["exit_code"])
    if exit_code >= 0:
        return Outcome("finished", exit_code, stdout, stderr)
    # A program that ignores the signal is killed a second later. The kernel counts CPU time for its limit in ticks,
    # which may differ from the time reported by more than a tenth of a second; by less than that second.
    over = exit_code == -signal.SIGXCPU or (exit_code == -signal.SIGKILL and end["cpu_seconds"] > cpu_seconds)
    detail = "limit of CPU time" if over else f"signal {-exit_code}"
    return Outcome("stopped", None, stdout, stderr, detail)


@contextmanager
def _files(folder: str, stdin: str) -> Iterator[tuple[int, int, int, int]]:
    """Standard streams as files: the limit on their size then bounds output, without a reader that could be flooded.

    The fourth takes the report of `confine.main`.
    """
    Path(folder, "in").write_text(stdin, encoding="utf-8", errors="surrogatepass")
    opened = [os.open(Path(folder, "in"), os.O_RDONLY)]
    try:
        for name in ("out", "err", "report"):
            opened.append(os.open(Path(folder, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600))
        yield opened[0], opened[1], opened[2], opened[3]
    finally:
        for number in opened:
            os.close(number)


def _command(kind: Kind, code: Path, root: Path, cpu_seconds: int, memory_bytes: int, report: int) -> list[str]:
    """The command line that confines `code`/main.py."""
    python = _interpreter()
    visible = _visible(python)
    box = confine.Box(python, "/code/main.py", cpu_seconds, memory_bytes, OUTPUT_BYTES, report)
    if kind == "unshare":
        box = replace(box, root=str(root), visible=visible, code=str(code))
        namespaces = [
            "--user",
            "--map-root-user",
            "--net",
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--fork",
            "--kill-child",
        ]
        # Bubblewrap dies with its parent by an option of its own.
        with_parent = [setpriv, "--pdeathsig", "KILL", "--"] if (setpriv := shutil.which("setpriv")) else []
        inner = [python, "-I", "-S", "-B", str(code / "confine.py"), box.to_json()]
        return [*with_parent, _found("unshare"), *namespaces, *inner]
    command = [_found("bwrap"), "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for path in visible:
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        else:
            command += ["--dev-bind" if path.startswith("/dev/") else "--ro-bind", path, path]
    command += ["--ro-bind", str(code), "/code", "--size", str(confine.BOX_BYTES), "--tmpfs", "/box"]
    command += ["--remount-ro", "/", "--chdir", "/box", "--"]
    return [*command, python, "-I", "-S", "-B", "/code/confine.py", box.to_json()]


def _visible(python: str) -> tuple[str, ...]:
    """The files and folders of the machine that an interpreter needs, none inside another."""
    wanted = [path for path in (*SYSTEM, os.path.realpath(sys.base_prefix), python) if os.path.lexists(path)]
    shown: list[str] = []
    for path in sorted(wanted, key=len):
        if not any(path == seen or path.startswith(seen + "/") for seen in shown):
            shown.append(path)
    return tuple(shown)


def _interpreter() -> str:
    """The interpreter behind any virtual environment, by its real path: links may point where the box does not show."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise SandboxUnavailable(f"{name} is not installed")
    return path


def _problem(kind: Kind) -> str | None:
    """Why this sandbox does not confine a program here; none where it does. Tries what a hostile program would."""
    system, machine = platform.system(), platform.machine()
    if system != "Linux" or machine not in confine.REFUSED:
        return f"made for Linux on {' or '.join(confine.REFUSED)}, this is {system} on {machine}"
    with tempfile.TemporaryDirectory(prefix="keepwise-box-") as folder:
        secret, target = Path(folder, "secret"), Path(folder, "written")
        word = secrets.token_hex(16)
        secret.write_text(word)
        try:
            outcome = _run(kind, _PROBE.format(secret=str(secret), target=str(target)), "", 10.0, 256)
        except SandboxUnavailable as error:
            return str(error)
        if not outcome.succeeded:
            return " ".join((outcome.stderr or outcome.detail).split()[-30:]) or "the trial program failed"
        if outcome.stdout != "confined\n" or word in outcome.stdout or target.exists():
            return f"the trial program was not confined: {outcome.stdout.strip()[:200]}"
    return None


_PROBE = """
import os, socket

def refused(action):
    try:
        action()
    except OSError:
        return True
    return False

trials = {{
    "read a file of the machine": lambda: open({secret!r}).read(),
    "write a file of the machine": lambda: open({target!r}, "w").write("x"),
    "open a socket": lambda: socket.socket(),
    "start a process": lambda: os.fork() or os._exit(0),
}}
let_through = [name for name, action in trials.items() if not refused(action)]
print("confined" if not let_through else "could " + ", ".join(let_through))
"""

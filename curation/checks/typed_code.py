"""Checks that run what the candidate is: a Python program, in the sandbox, against tests or an expected output."""

import ast
import secrets

import re2

from ..errors import InputError
from . import sandbox
from .typed_result import CheckResult, shown, verdict

SECONDS = 5.0
MEMORY_MB = 256
_LIMIT = 100_000  # characters of a program
_BLOCKS = re2.compile(r"(?ms)^[ \t]*```[ \t]*[\w+.-]*[ \t]*\n(.*?)^[ \t]*```[ \t]*$")
_FENCE = re2.compile(r"(?m)^[ \t]*```")

# The tests run after the candidate, in its name space. Only a program that came to the end of the tests prints the
# word, which it reads only then; a candidate that exits early, even with success, does not.
_HARNESS = """
import os, sys
names = {{"__name__": "answer"}}
stage = 3
try:
    exec(compile({code!r}, "answer.py", "exec"), names)
    stage = 4
    exec(compile({tests!r}, "tests.py", "exec"), names)
except BaseException as error:
    try:
        print(type(error).__name__ + ": " + str(error)[:200], file=sys.stderr, flush=True)
    finally:
        os._exit(stage)
sys.stdout.flush()
os.write(1, os.read(0, 64))
os._exit(0)
"""


def code_of(text: str) -> str | None:
    """The program in a text: its only code block, or all of it where there is none; none where there are several."""
    blocks = _BLOCKS.findall(text)
    if len(blocks) == 1 and len(_FENCE.findall(text)) == 2:
        return str(blocks[0])
    return None if _FENCE.search(text) else text


def python_code(tests: str, candidate: str, *, seconds: float = SECONDS, memory_mb: int = MEMORY_MB) -> CheckResult:
    """The candidate is a Python program that passes `tests`: Python statements that raise where it is wrong.

    It runs in `sandbox`: standard library only, no network, no files, `seconds` of CPU time, `memory_mb` MiB. Prose
    around one code block is left out. A program made to deceive this very harness could; one made to answer cannot.

    Raises:
        InputError: where no sandbox works on this machine.
    """
    code, problem = _program(candidate)
    if code is None:
        return verdict("python_code", False, problem)
    word = secrets.token_hex(16)
    outcome = _run(_HARNESS.format(code=code, tests=tests), word, seconds, memory_mb)
    passed = outcome.succeeded and outcome.stdout.endswith(word)
    if passed:
        return verdict("python_code", True, "passes the tests")
    where = {3: "the program fails", 4: "the tests fail", 0: "it ends before the tests do"}
    said = where.get(outcome.exit_code if outcome.exit_code is not None else -1, "the program stops")
    return verdict("python_code", False, f"{said}: {_last(outcome)}")


def python_output(
    expected: str, candidate: str, *, seconds: float = SECONDS, memory_mb: int = MEMORY_MB
) -> CheckResult:
    """The candidate is a Python program that prints `expected`, white space at ends of lines and of the text apart.

    Raises:
        InputError: where no sandbox works on this machine.
    """
    code, problem = _program(candidate)
    if code is None:
        return verdict("python_output", False, problem)
    outcome = _run(code, "", seconds, memory_mb)
    if not outcome.succeeded:
        return verdict("python_output", False, f"the program fails: {_last(outcome)}")
    same = _lines(outcome.stdout) == _lines(expected)
    return verdict("python_output", same, f"prints {shown(outcome.stdout)}, expected {shown(expected)}")


def _program(candidate: str) -> tuple[str | None, str]:
    """The program of a candidate, or why it has none."""
    code = code_of(candidate)
    if code is None:
        return None, "several code blocks, or one that is not closed, expected one program"
    if len(code) > _LIMIT:
        return None, f"a program of {len(code)} characters, limit {_LIMIT}"
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return None, f"no Python program: {str(error)[:120] or type(error).__name__}"
    return (code, "") if body else (None, "an empty program")


def _run(code: str, stdin: str, seconds: float, memory_mb: int) -> sandbox.Outcome:
    try:
        return sandbox.run_python(code, stdin, seconds, memory_mb)
    except sandbox.SandboxUnavailable as error:
        raise InputError(f"check of code: {error}") from None


def _last(outcome: sandbox.Outcome) -> str:
    """What a program said last, or what stopped it."""
    lines = outcome.stderr.strip().splitlines()
    return (outcome.detail or (lines[-1] if lines else f"exit code {outcome.exit_code}"))[:200]


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]

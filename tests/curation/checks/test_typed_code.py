"""Programs run in the sandbox: only what comes to the end of the tests is right."""

import pytest

from curation.checks import sandbox
from curation.checks.typed import check
from curation.checks.typed_code import code_of

pytestmark = pytest.mark.skipif(sandbox.available() is None, reason=f"no sandbox: {sandbox.detect()[1]}")

TESTS = "assert add(1, 2) == 3\nassert add(-1, 1) == 0"
RIGHT = "def add(a, b):\n    return a + b"


@pytest.mark.parametrize("text", [RIGHT, f"Sure:\n```python\n{RIGHT}\n```\nThat adds.", f"print('x')\n{RIGHT}"])
def test_a_program_that_passes_its_tests(text: str):
    assert check("python_code", TESTS, text).passed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def add(a, b):\n    return a - b", "the tests fail: AssertionError"),
        ("def add(a, b)", "no Python program"),
        ("import sys\nsys.exit(0)", "the program fails: SystemExit"),
        ("import os\nos._exit(0)", "it ends before the tests do"),
        (f"{RIGHT}\nimport sys\nsys.stdin.read()", "it ends before the tests do"),
        ("import socket\nsocket.socket()", "the program fails: PermissionError"),
        ("open('/etc/passwd').read()", "the program fails"),
        ("while True: pass", "the program stops: limit of"),
        ("x = 'a' * 10**9", "the program fails: MemoryError"),
        (f"```\n{RIGHT}\n```\n```\n{RIGHT}\n```", "several code blocks"),
        (f"```python\n{RIGHT}", "one that is not closed"),
        ("# nothing", "an empty program"),
        ("", "an empty program"),
    ],
)
def test_what_fails_says_why(text: str, why: str):
    result = check("python_code", TESTS, text, seconds=1)
    assert not result.passed and why in result.detail


def test_output_is_compared_without_white_space_at_ends():
    assert check("python_output", "3\n4\n", "print('3 ')\nprint(4)").passed
    assert not check("python_output", "3\n4", "print(34)").passed
    assert not check("python_output", "3", "print(3)\nraise ValueError").passed
    assert not check("python_output", "3", "print(").passed


def test_both_kinds_run_within_the_limits_that_are_given():
    code = "import resource as r\nlimits = r.getrlimit(r.RLIMIT_CPU)[0], r.getrlimit(r.RLIMIT_AS)[0] >> 20"
    assert check("python_code", "assert limits == (7, 128), limits", code, seconds=7, memory_mb=128).passed
    assert check("python_output", "(7, 128)", f"{code}\nprint(limits)", seconds=7, memory_mb=128).passed


def test_the_code_of_a_text():
    assert code_of("x = 1") == "x = 1"
    assert code_of("See:\n```python\nx = 1\n```\n") == "x = 1\n"
    assert code_of("```\nx\n```\n```\ny\n```") is None and code_of("```\nx") is None

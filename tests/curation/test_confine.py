"""The parts of the sandbox's inside that can be looked at from outside; test_sandbox.py attacks the whole."""

import platform
import struct
import subprocess
import sys

import pytest

from curation.checks import confine

ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


def verdict(program: bytes, arch: int, number: int, argument: int = 0) -> int:
    """Interpret the filter as the kernel does, for the four instructions that it uses."""
    steps = list(struct.iter_unpack("HBBI", program))
    words = {0: number, 4: arch, 16: argument}
    accumulator = at = 0
    while True:
        code, if_true, if_false, k = steps[at]
        at += 1
        if code == 0x06:
            return k
        if code == 0x20:
            accumulator = words[k]
        else:
            holds = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}[code]
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", sorted(confine.REFUSED))
def test_the_filter_refuses_exactly_what_is_named(machine):
    program, arch = confine.seccomp_program(machine), confine.AUDIT_ARCH[machine]
    refused = set(confine.REFUSED[machine].values())
    for number in range(600):
        expected = EPERM if number in refused else ENOSYS if number == confine.CLONE3 else ALLOW
        if number != confine.CLONE[machine]:
            assert verdict(program, arch, number) == expected, number


@pytest.mark.parametrize("machine", sorted(confine.REFUSED))
def test_clone_makes_threads_and_no_processes(machine):
    program, arch, clone = confine.seccomp_program(machine), confine.AUDIT_ARCH[machine], confine.CLONE[machine]
    of_glibc_threads = 0x003D0F00
    assert verdict(program, arch, clone, of_glibc_threads) == ALLOW
    for flags in (0, 17, 0x00004100 | 17, 0x10000000, 0x00000100):
        assert verdict(program, arch, clone, flags) == EPERM


def test_calls_of_another_architecture_end_the_program():
    program = confine.seccomp_program("x86_64")
    assert verdict(program, 0x40000003, 1) == KILL  # 32-bit x86 has other numbers
    assert verdict(program, confine.AUDIT_ARCH["x86_64"], confine.X32_BIT | 57) == KILL


def test_a_box_survives_the_command_line():
    box = confine.Box("/usr/bin/python3", "/code/main.py", 5, 1 << 28, 1 << 20, 7, "/r", ("/usr", "/lib"), "/c")
    assert confine.Box.from_json(box.to_json()) == box


@pytest.mark.skipif(platform.machine() not in confine.REFUSED or sys.platform != "linux", reason="made for Linux")
def test_without_rights_there_is_no_new_process_and_no_way_back():
    code = (
        "import os, platform, sys\nfrom curation.checks import confine\nconfine.give_up_rights(platform.machine())\n"
        "try:\n    os.fork()\nexcept PermissionError:\n    print('no fork')\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('NoNewPrivs', 'CapBnd'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "no fork", done.stderr
    assert "'1'" in done.stdout

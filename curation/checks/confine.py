"""The inside of the sandbox: builds the box, starts the untrusted program without any right, and reports how it ended.

Run as a script by `curation.checks.sandbox`, by an interpreter without site-packages: standard library only. Two ways
in: `unshare` has made empty namespaces and this script builds the read-only file system in them; bubblewrap has built
that already.
"""

import ctypes
import functools
import json
import os
import platform
import stat
import struct
import sys
from dataclasses import asdict, dataclass

BOX_BYTES = 16 << 20  # all that the program can write to files, standard output and error apart
BOX_FILES = 1024

# System calls refused with EPERM. No process is started (so a fork bomb has nothing to grow from and the memory limit,
# which is per process, is the program's), none outlives the run, no memory is taken that the limit does not count, no
# namespace is made. Numbers: Linux kernel, arch/x86/entry/syscalls/syscall_64.tbl and
# include/uapi/asm-generic/unistd.h.
REFUSED = {
    "x86_64": {
        "fork": 57, "vfork": 58, "setsid": 112, "setpgid": 109, "ptrace": 101, "prctl": 157, "shmget": 29,
        "memfd_create": 319, "socket": 41, "socketpair": 53, "mount": 165, "umount2": 166, "pivot_root": 155,
        "chroot": 161, "unshare": 272, "setns": 308, "add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321,
        "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "process_vm_readv": 310,
        "process_vm_writev": 311, "fsopen": 430, "fsmount": 432, "move_mount": 429, "open_tree": 428,
        "mount_setattr": 442, "memfd_secret": 447,
    },
    "aarch64": {
        "setsid": 157, "setpgid": 154, "ptrace": 117, "prctl": 167, "shmget": 194, "memfd_create": 279,
        "socket": 198, "socketpair": 199, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "unshare": 97,
        "setns": 268, "add_key": 217, "request_key": 218, "keyctl": 219, "bpf": 280, "perf_event_open": 241,
        "userfaultfd": 282, "io_uring_setup": 425, "process_vm_readv": 270, "process_vm_writev": 271, "fsopen": 430,
        "fsmount": 432, "move_mount": 429, "open_tree": 428, "mount_setattr": 442, "memfd_secret": 447,
    },
}  # fmt: skip
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE_THREAD = 0x00010000
X32_BIT = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 24, 38, 22
SECCOMP_MODE_FILTER = 2
RET_ALLOW, RET_ERRNO, RET_KILL = 0x7FFF0000, 0x00050000, 0x80000000
EPERM, ENOSYS = 1, 38


@dataclass(frozen=True)
class Box:
    """What the outside tells the inside."""

    python: str  # the interpreter the program runs in, as seen inside the box
    program: str  # file of the program, as seen inside the box
    cpu_seconds: int
    memory_bytes: int
    output_bytes: int
    report: int  # open file descriptor that takes how the program ended, see `main`
    root: str | None = None  # empty folder that becomes the root; none where bubblewrap made the root
    visible: tuple[str, ...] = ()  # files and folders of the machine that are seen, read-only; links stay links
    code: str | None = None  # folder that is seen as /code

    def to_json(self) -> str:
        """The box as one argument of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Box":
        """The box that `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "visible": tuple(fields["visible"])})


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if part is None else part.encode() for part in (source, target, kind, data)]
    _checked(
        _libc().mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]), f"mount {source} {target}"
    )


def _show(source: str, target: str) -> None:
    """Make a file or folder of the machine visible at `target`, read-only."""
    if os.path.islink(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "x"):
            pass
    _mount(source, target, None, MS_BIND)
    # A user namespace may add flags to a mount but not take away those that it came with.
    held = os.statvfs(target).f_flag
    kept = held & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_RELATIME)
    relatime = (1 << 21) if kept & os.ST_RELATIME else 0
    flags = (kept & ~os.ST_RELATIME) | relatime | MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID
    if stat.S_ISDIR(os.stat(source).st_mode):
        flags |= MS_NODEV
    _mount("none", target, None, flags)


def build(box: Box) -> None:
    """Make `box.root` the root of a file system that holds what is visible, read-only, and 16 MiB to write in."""
    assert box.root is not None and box.code is not None
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _mount("tmpfs", box.root, "tmpfs", MS_NOSUID | MS_NODEV, f"size={BOX_BYTES},nr_inodes={BOX_FILES},mode=755")
    for source in box.visible:
        _show(source, box.root + source)
    _show(box.code, box.root + "/code")
    os.mkdir(box.root + "/box", 0o777)
    os.chdir(box.root)
    _checked(_libc().syscall(ctypes.c_long(PIVOT_ROOT[platform.machine()]), b".", b"."), "pivot_root")
    _checked(_libc().umount2(b".", MNT_DETACH), "umount old root")
    os.chdir("/box")


def limit(box: Box) -> None:
    """Set the limits of CPU time, memory, files and their sizes; soft and hard, so that none can be raised.

    CPU time alone has a second more as its hard limit: at the soft one comes a signal of its own (SIGXCPU), so that the
    cause is known for sure; a program that ignores the signal is killed a second later.
    """
    import resource  # not on Windows, where this module is imported but no sandbox is offered

    for what, most in (
        (resource.RLIMIT_AS, box.memory_bytes),
        (resource.RLIMIT_FSIZE, box.output_bytes),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (box.cpu_seconds, box.cpu_seconds + 1))


def give_up_rights(machine: str) -> None:
    """Drop every capability for what is executed next, and refuse the system calls of REFUSED from now on."""
    for capability in range(64):
        if _libc().prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # EINVAL beyond the kernel's last one; EPERM where there is none to drop
    _checked(_libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    code = seccomp_program(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    _checked(_libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0), "seccomp")


def seccomp_program(machine: str) -> bytes:
    """The filter as classic BPF, 8 bytes an instruction, over struct seccomp_data (nr, arch, ip, args)."""
    load, equal, at_least, all_bits, give = 0x20, 0x15, 0x35, 0x45, 0x06

    def step(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, k)

    steps = [
        step(load, 4),  # arch
        step(equal, AUDIT_ARCH[machine], 1, 0),
        step(give, RET_KILL),
        step(load, 0),  # system call number
    ]
    if machine == "x86_64":  # the x32 numbers would pass by the table
        steps += [step(at_least, X32_BIT, 0, 1), step(give, RET_KILL)]
    for number in REFUSED[machine].values():
        steps += [step(equal, number, 0, 1), step(give, RET_ERRNO | EPERM)]
    # clone3 passes its flags in memory, where a filter cannot look: without it the C library asks clone.
    steps += [step(equal, CLONE3, 0, 1), step(give, RET_ERRNO | ENOSYS)]
    steps += [
        step(equal, CLONE[machine], 0, 3),
        step(load, 16),  # lower half of the first argument: flags
        step(all_bits, CLONE_THREAD, 1, 0),
        step(give, RET_ERRNO | EPERM),
        step(give, RET_ALLOW),
    ]
    return b"".join(steps)


def start(box: Box) -> None:
    """Become the program. Never returns."""
    os.close(box.report)
    limit(box)
    give_up_rights(platform.machine())
    # -P -s and an environment of our own are what -I is, except that the order of sets stays the same from run to run.
    environment = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "HOME": "/box", "TMPDIR": "/box"}
    os.execve(box.python, [box.python, "-P", "-s", "-S", "-B", "-X", "utf8", box.program], environment)


def main() -> None:
    """Run the program of the box given as the only argument; report `exit_code` (minus the signal) and `cpu_seconds`.

    A process of our own waits for it, as `unshare` and bubblewrap pass on the end of a killed program each in another
    way.
    """
    box = Box.from_json(sys.argv[1])
    if box.root is not None:
        build(box)
    program = os.fork()
    if program == 0:
        try:
            start(box)
        except BaseException as error:
            print(f"the program could not be started: {error}", file=sys.stderr, flush=True)
        os._exit(127)
    _, status, used = os.wait4(program, 0)
    end = {"exit_code": os.waitstatus_to_exitcode(status), "cpu_seconds": used.ru_utime + used.ru_stime}
    os.write(box.report, json.dumps(end).encode())


if __name__ == "__main__":
    main()

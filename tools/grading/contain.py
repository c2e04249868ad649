"""What a learner's process may do, put on by the process itself before it runs a learner's line.

On Linux three things of the kernel are used. None of them needs root, none can be taken off again,
and whatever the process starts inherits them.

- *Resource limits*: memory of the process, seconds of processor time, size and number of files.
- *Landlock* (Linux 5.13): which files it may read, and the one folder it may write in. Root is
  held by it too.
- *A seccomp filter*: the system calls in :data:`REFUSED` fail with "Operation not permitted". So
  the process opens no socket, starts no process or program, leaves no process group, signals and
  reads no other process, keeps no memory outside its own limit and changes no file's rights.

The filter names what is refused; all else is allowed. It holds what a notebook can do by itself.
It is no proof against a fault of the kernel: for work by people you do not trust at all, grade in
the container (``book/instructors/grading.md``).

This file is copied beside the learner's process and imports the standard library alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# --- The system calls ---------------------------------------------------------------------------

MACHINES = {
    "x86_64": 0xC000003E,
    "aarch64": 0xC00000B7,
}
"""The kernel's name of each machine whose numbers stand below (``AUDIT_ARCH_*``)."""

REFUSED: dict[str, dict[str, tuple[int | None, int | None]]] = {
    "the network": {
        "socket": (41, 198),
        "connect": (42, 203),
        "accept": (43, 202),
        "sendto": (44, 206),
        "sendmsg": (46, 211),
        "bind": (49, 200),
        "listen": (50, 201),
        "socketpair": (53, 199),
        "accept4": (288, 242),
        "sendmmsg": (307, 269),
        "io_uring_setup": (425, 425),
        "io_uring_enter": (426, 426),
        "io_uring_register": (427, 427),
    },
    "another process or program": {
        "fork": (57, None),
        "vfork": (58, None),
        "execve": (59, 221),
        "execveat": (322, 281),
        "setsid": (112, 157),
        "setpgid": (109, 154),
    },
    "other processes": {
        "kill": (62, 129),
        "tkill": (200, 130),
        "rt_sigqueueinfo": (129, 138),
        "rt_tgsigqueueinfo": (297, 240),
        "pidfd_send_signal": (424, 424),
        "pidfd_open": (434, 434),
        "pidfd_getfd": (438, 438),
        "ptrace": (101, 117),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "process_madvise": (440, 440),
        "kcmp": (312, 272),
        "setpriority": (141, 140),
        "ioprio_set": (251, 30),
        "sched_setparam": (142, 118),
        "sched_setscheduler": (144, 119),
        "sched_setaffinity": (203, 122),
        "sched_setattr": (314, 274),
    },
    "memory beside its limit": {
        "memfd_create": (319, 279),
        "memfd_secret": (447, 447),
        "shmget": (29, 194),
        "shmat": (30, 196),
        "shmctl": (31, 195),
        "semget": (64, 190),
        "msgget": (68, 186),
        "msgsnd": (69, 189),
        "mq_open": (240, 180),
        "add_key": (248, 217),
        "request_key": (249, 218),
        "keyctl": (250, 219),
    },
    "rights and times of files": {
        "chmod": (90, None),
        "fchmod": (91, 52),
        "fchmodat": (268, 53),
        "fchmodat2": (452, 452),
        "chown": (92, None),
        "fchown": (93, 55),
        "lchown": (94, None),
        "fchownat": (260, 54),
        "setxattr": (188, 5),
        "lsetxattr": (189, 6),
        "fsetxattr": (190, 7),
        "removexattr": (197, 14),
        "lremovexattr": (198, 15),
        "fremovexattr": (199, 16),
        "utime": (132, None),
        "utimes": (235, None),
        "futimesat": (261, None),
        "utimensat": (280, 88),
        "mknod": (133, None),
        "mknodat": (259, 33),
        "name_to_handle_at": (303, 264),
        "open_by_handle_at": (304, 265),
        "quotactl": (179, 60),
    },
    "the machine": {
        "unshare": (272, 97),
        "setns": (308, 268),
        "mount": (165, 40),
        "umount2": (166, 39),
        "pivot_root": (155, 41),
        "chroot": (161, 51),
        "open_tree": (428, 428),
        "move_mount": (429, 429),
        "fsopen": (430, 430),
        "fsmount": (432, 432),
        "mount_setattr": (442, 442),
        "bpf": (321, 280),
        "perf_event_open": (298, 241),
        "userfaultfd": (323, 282),
        "fanotify_init": (300, 262),
        "personality": (135, 92),
        "reboot": (169, 142),
        "kexec_load": (246, 104),
        "init_module": (175, 105),
        "finit_module": (313, 273),
        "delete_module": (176, 106),
        "swapon": (167, 224),
        "swapoff": (168, 225),
        "settimeofday": (164, 170),
        "clock_settime": (227, 112),
        "adjtimex": (159, 171),
        "sethostname": (170, 161),
        "setdomainname": (171, 162),
        "syslog": (103, 116),
        "acct": (163, 89),
    },
}
"""What is refused, and the calls that would do it: numbers on x86_64 and on aarch64."""

CLONE = (56, 220)  # allowed for threads only
CLONE3 = (435, 435)  # said to be unknown, as its flags cannot be seen: CLONE is used instead
TGKILL = (234, 131)  # allowed towards the process itself only
PRLIMIT = (302, 261)  # the same
CLONE_THREAD = 0x00010000
X32 = 0x40000000  # the second set of numbers on x86_64

# --- Seccomp ------------------------------------------------------------------------------------

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 38, 22, 24
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
KILL, ERROR, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def column(machine: str) -> int:
    """Which number of a pair belongs to this machine."""
    return list(MACHINES).index(machine)


def filter_program(machine: str, pid: int) -> list[tuple[int, int, int, int]]:
    """The filter as the kernel's instructions (code, jump if true, jump if false, constant)."""
    which = column(machine)
    refuse = ERROR | errno.EPERM
    # The data of a call: number at 0, machine at 4, arguments of 8 bytes from 16 on.
    program = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, MACHINES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
    ]
    numbers = [pair[which] for calls in REFUSED.values() for pair in calls.values()]
    for number in sorted(number for number in numbers if number is not None):
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, refuse)]
    program += [(EQUAL, 0, 1, CLONE3[which]), (RETURN, 0, 0, ERROR | errno.ENOSYS)]
    program += [
        (EQUAL, 0, 4, CLONE[which]),
        (LOAD, 0, 0, 16),
        (ANY_BIT, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, refuse),
        (RETURN, 0, 0, ALLOW),
    ]
    for number, allowed in ((TGKILL[which], (pid,)), (PRLIMIT[which], (0, pid))):
        program += [(EQUAL, 0, 3 + len(allowed), number), (LOAD, 0, 0, 16)]
        for left, value in zip(range(len(allowed), 0, -1), allowed, strict=True):
            program += [(EQUAL, left, 0, value)]
        program += [(RETURN, 0, 0, refuse), (RETURN, 0, 0, ALLOW)]
    return [*program, (RETURN, 0, 0, ALLOW)]


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: Any) -> None:
    """The system call of that name. OSError when the kernel refuses."""
    # prctl has a variable number of arguments: each is passed as a long.
    padded = [*arguments, 0, 0, 0, 0][:4]
    padded = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in padded]
    if _libc().prctl(ctypes.c_int(option), *padded):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def put_on_filter() -> None:
    """Refuse the calls of :data:`REFUSED` from here on. OSError where the kernel cannot."""
    program = filter_program(platform.machine(), os.getpid())
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program), ctypes.addressof(buffer)), 16
    )
    prctl(PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(header)))


# --- Landlock -----------------------------------------------------------------------------------

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
READ = 1 << 2 | 1 << 3  # files, folders
FILE_WRITE = 1 << 1 | 1 << 14  # write, truncate
FOLDER_WRITE = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13  # remove, make folders and files, move
OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15


def landlock_version() -> int:
    """The version of Landlock here; 0 where there is none."""
    if not sys.platform.startswith("linux") or platform.machine() not in MACHINES:
        return 0
    # create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)
    version = _libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    return max(version, 0)


def put_on_landlock(read: Sequence[str], write: Sequence[str]) -> None:
    """Allow reading below ``read`` and writing below ``write``, and no other file."""
    libc, version = _libc(), landlock_version()
    if version == 0:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    bits = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    handled = (1 << bits) - 1
    if 3 <= version < 5:
        handled &= (1 << 15) - 1
    # handled_access_fs, handled_access_net (version 4), scoped (version 6: signals, sockets)
    fields = [handled]
    if version >= 4:
        fields.append(3)
    if version >= 6:
        fields.append(3)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock refuses its own rules")
    try:
        allowed = [(path, READ) for path in read]
        allowed += [(path, READ | FILE_WRITE | FOLDER_WRITE) for path in write]
        for path, access in allowed:
            if not os.path.exists(path):
                continue
            if not os.path.isdir(path):
                access &= OF_FILES
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = struct.pack("=Qi", access & handled, place)
                if libc.syscall(ADD_RULE, ruleset, 1, rule, 0):
                    raise OSError(ctypes.get_errno(), f"Landlock refuses a rule for {path}")
            finally:
                os.close(place)
        if libc.syscall(RESTRICT_SELF, ruleset, 0):
            raise OSError(ctypes.get_errno(), "Landlock cannot be put on")
    finally:
        os.close(ruleset)


# --- Rights of root, and limits -----------------------------------------------------------------


def drop_rights() -> None:
    """Give up root's rights (capabilities), also those that a program could get back."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if os.geteuid() == 0:
        for right in range(64):
            try:
                prctl(PR_CAPBSET_DROP, right)
            except OSError:  # beyond the last one, or not ours to drop
                continue
    header = struct.pack("=Ii", 0x20080522, 0)  # version 3, this process
    if _libc().capset(header, bytes(24)):
        raise OSError(ctypes.get_errno(), "the rights of root cannot be given up")


def put_on_limits(limits: Mapping[str, float]) -> None:
    """Limits of this process: ``memory`` (bytes), ``seconds``, ``file`` (bytes), ``files``."""
    import resource

    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": int(limits["seconds"]) + 1,
        "RLIMIT_FSIZE": int(limits["file"]),
        "RLIMIT_NOFILE": 256,
        "RLIMIT_AS": int(limits["memory"]),
    }
    for name, value in wanted.items():
        number = getattr(resource, name, None)
        if number is None:
            continue
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


# --- All of it ----------------------------------------------------------------------------------

LAYERS = ("limits", "landlock", "seccomp")


def contain(
    limits: Mapping[str, float],
    read: Sequence[str],
    write: Sequence[str],
    layers: Sequence[str] = LAYERS,
) -> dict[str, str]:
    """Put on every layer that this machine has. Returns layer -> "" or why it is not there."""
    linux = sys.platform.startswith("linux")
    kernel = "" if linux else f"{sys.platform} has none"
    if linux and platform.machine() not in MACHINES:
        kernel = f"not made for {platform.machine()}"
    if not kernel and {"landlock", "seccomp"} & set(layers):
        try:
            prctl(PR_SET_PDEATHSIG, 9)  # end with the grader
            drop_rights()
        except OSError as error:
            kernel = str(error)
    steps: dict[str, tuple[str, Callable[[], None]]] = {
        "limits": ("" if os.name == "posix" else "not on Windows", lambda: put_on_limits(limits)),
        "landlock": (kernel, lambda: put_on_landlock(read, write)),
        "seccomp": (kernel, put_on_filter),
    }
    state = {}
    for name, (lacking, put_on) in steps.items():
        state[name] = lacking if name in layers else "switched off"
        if not state[name]:
            try:
                put_on()
            except (OSError, ValueError) as error:
                state[name] = f"{type(error).__name__}: {error}"
    return state


NOT_CONTAINED = {
    "limits": "Memory, processor time and file sizes of a notebook have no limit here: one "
    "notebook can fill the memory of this machine.",
    "landlock": "A notebook can read and change every file that you can, also the exercises' "
    "answers and other learners' work.",
    "seccomp": "A notebook can use the network, start processes that outlive it and signal yours.",
}
"""What each layer leaves open when it is not there."""

"""Takes the network from a process that evaluates what visitors ask (seccomp(2), prctl(2)): whatever its engine would fetch.

The look at a query before its parser refuses ``SERVICE`` and graphs that are not here; this holds where that look is deceived.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _FILTER = 22, 38, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13
"""Let a call through; let it fail with EACCES."""

_CALLS = {
    "x86_64": (0xC000003E, {"socket": 41, "connect": 42}),
    "aarch64": (0xC00000B7, {"socket": 198, "connect": 203}),
}
"""How the kernel names a processor, and the numbers of calls there."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def without_network() -> bool:
    """Let this process, and what it starts, open no sockets from now on; return whether the kernel can see to it.

    Those that are open stay so.
    """
    return without_call("socket")


def without_call(name: str) -> bool:
    """Let ``socket`` or ``connect`` fail with EACCES from now on, as systemd's ``SystemCallFilter=~connect`` would."""
    known = _CALLS.get(platform.machine()) if sys.platform == "linux" else None
    if known is None:
        return False
    architecture, numbers = known
    steps = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, 2, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 1, 0, numbers[name]),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = _Program(len(steps), code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)

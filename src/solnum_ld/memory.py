"""What the C library keeps of memory that Python has freed (glibc; another library is left as it is).

A heap of its own for each thread, and a threshold that rises with each large piece that is freed, would let a service keep
what its largest requests needed once.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE = 128 * 1024


def keep_little() -> None:
    """Let this process return large pieces of memory to the system when they are freed, from one heap (mallopt(3))."""
    if (mallopt := _called("mallopt")) is not None:
        for parameter, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _LARGE)):
            mallopt(parameter, value)


def give_back() -> None:
    """Return every free page to the system now (malloc_trim(3)); takes some milliseconds."""
    if (malloc_trim := _called("malloc_trim")) is not None:
        malloc_trim(0)


def _called(name: str) -> ctypes._NamedFuncPointer | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None

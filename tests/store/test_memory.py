"""What a process keeps of memory that was freed, with the real C library, each in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library than glibc is left as it is"
)

PIECES = """
import ctypes
from solnum_ld.memory import keep_little
from solnum_ld.store.worker import _Growth, _resident
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def taken(number, size):
    pieces = [libc.malloc(size) for _ in range(number)]
    for piece in pieces:
        ctypes.memset(piece, 1, size)
    return pieces

def freed(pieces):
    for piece in pieces:
        libc.free(piece)
"""


def megabytes(code: str) -> list[float]:
    """Run code, and return what it prints as numbers of bytes, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", PIECES + code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return [int(word) / 1e6 for word in done.stdout.split()]


def test_a_worker_gives_back_what_a_query_has_left_free() -> None:
    begun, kept, after, much = megabytes("""
growth, begun = _Growth(), _resident()
pieces = taken(10_000, 4_000)
freed(pieces[:-1])  # the last holds what lies below it
kept = _resident()
much = growth.is_much()
print(begun, kept, _resident(), int(much))
""")
    assert kept > begun + 30
    assert after < begun + 10
    assert not much


def test_a_worker_that_keeps_much_wants_to_be_replaced() -> None:
    little, much = megabytes("""
growth = _Growth()
pieces = taken(20_000, 4_000)
little = growth.is_much()
pieces += taken(10_000, 4_000)
print(int(little), int(growth.is_much()))
""")
    assert not little
    assert much


def test_the_service_returns_large_pieces_when_they_are_freed() -> None:
    kept, told = (
        megabytes(f"""
{first}
from threading import Thread
def work():
    freed(taken(100, 1_000_000))  # in turn with others: each thread would have a heap of its own
    pieces.append(libc.malloc(100))
    freed(taken(300, 100_000))
    pieces.append(libc.malloc(100))
pieces, begun = [], _resident()
for _ in range(4):
    thread = Thread(target=work)
    thread.start()
    thread.join()
print(max(_resident() - begun, 0))
""")[0]
        for first in ("pass", "keep_little()")
    )
    assert told < 20 < kept, (kept, told)

"""The processes that share the work of a build: every core for a large source, none beside this one for a small."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from solnum_ld.errors import ReleaseError
from solnum_ld.store.worker import die_with_parent

SMALL = 16 * 1024 * 1024
"""Bytes of source up to which one process is faster than several."""

MOST = 4
"""Processes at most: each takes about 150 MB."""

T = TypeVar("T")
R = TypeVar("R")


class Crew:
    """Does pieces of work, module-level functions of values that can be pickled, in its processes or, without any, at once."""

    def __init__(self, processes: ProcessPoolExecutor | None) -> None:
        self._processes = processes

    @property
    def alone(self) -> bool:
        """Tell whether there are no processes but this one."""
        return self._processes is None

    def start(self, work: Callable[[T], R], task: T) -> Future[R]:
        """Begin a piece of work; without processes it is done when this returns."""
        if self._processes is not None:
            return self._processes.submit(work, task)
        done: Future[R] = Future()
        try:
            done.set_result(work(task))
        except Exception as error:  # noqa: BLE001 - carried to whoever asks for the result
            done.set_exception(error)
        return done

    def each(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the results of the tasks in their order, each as soon as it and all before it are there."""
        if self._processes is None:
            yield from map(work, tasks)
            return
        for future in [self._processes.submit(work, task) for task in tasks]:
            yield future.result()


@contextmanager
def crew_for(size: int) -> Iterator[Crew]:
    """Give a crew for a source of ``size`` bytes; its processes end with the block, or with this process."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if size <= SMALL or cores == 1:
        yield Crew(None)
        return
    # forked before the store is open and any thread of ours runs: nothing is imported again
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    processes = ProcessPoolExecutor(min(cores, MOST), mp_context=context, initializer=_begin)
    try:
        yield Crew(processes)
    except BrokenProcessPool as error:
        raise ReleaseError("A process of the build was stopped, perhaps for want of memory. Build again.") from error
    finally:
        processes.shutdown(cancel_futures=True)


def _begin() -> None:
    die_with_parent()
    gc.disable()  # lists of lines by the hundred thousand, and no cycles among them
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the process that leads the build

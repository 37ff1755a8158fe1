"""The nursery: a process that has opened the store and forks query workers from itself, ready in milliseconds.

``python -m solnum_ld.store.nursery FD SETTINGS``: FD is a control socket on which the service sends the end of a socket
pair for each worker that it wants, and gets back the worker's process id, the file that takes its last words, and a handle
to it (pidfd_open(2)).
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import tempfile
from typing import Any

import pyoxigraph as ox

from solnum_ld.store.datasets import Datasets
from solnum_ld.store.worker import die_with_parent, serve


def main() -> None:
    """Fork workers until the control socket closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    settings: dict[str, Any] = json.loads(sys.argv[2])
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the service, which ends its workers
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps workers
    store = ox.Store.read_only(settings["store"])
    datasets = Datasets(store, settings["base"], settings["default"], settings["hidden"])
    bool(store.query("ASK { ?s ?p ?o }"))
    gc.collect()
    gc.freeze()
    control.send(b"ready")
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if not data:
            return
        connection = socket.socket(fileno=descriptors[0])
        words = _file_of_words()
        pid = os.fork()
        if pid == 0:
            control.close()
            os.dup2(words, 2)  # an engine that ends the process says there why
            try:
                serve(connection, datasets, settings["memory"])
            finally:
                os._exit(0)
        connection.close()
        handles = [words, *_handles(pid)]
        socket.send_fds(control, [str(pid).encode()], handles)
        for handle in handles:
            os.close(handle)


def _file_of_words() -> int:
    """Return a file without a name, which is gone with the last who holds it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("last words")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _handles(pid: int) -> list[int]:
    """Return a handle to a process, none where there are no handles or the process has ended already."""
    try:
        return [os.pidfd_open(pid)] if hasattr(os, "pidfd_open") else []
    except ProcessLookupError:
        return []


if __name__ == "__main__":
    main()

"""Runs a build in this process and kills it, as ``kill -9`` would, at the N-th time that it touches the release folder.

``python interrupting.py N SOURCE RELEASES``; with N = 0 nothing is killed and the number of times is printed. What is
counted are Python's audit events on files and folders below RELEASES, so that a point is the same in every run.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def main(point: int, source: str, releases: str) -> None:
    from solnum_ld.release.folder import ReleaseFolder
    from solnum_ld.release.options import BuildOptions
    from solnum_ld.release.pipeline import build

    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event != "open" and not event.startswith(("os.", "shutil.", "sqlite3.connect")):
            return
        if any(isinstance(a, str | bytes | os.PathLike) and os.fsdecode(a).startswith(releases) for a in arguments):
            seen += 1
            if seen == point:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    base = "http://127.0.0.1:8000/"
    build(Path(source), ReleaseFolder(Path(releases)), BuildOptions(base, base, keep=1), force=True)
    sys.stdout.write(f"{seen}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])

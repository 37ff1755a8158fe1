"""What stands in front of instances, started as ``deploy/`` ships it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from store.engines import running
from support import ROOT

DEPLOY = ROOT / "deploy"


@contextlib.contextmanager
def haproxy(port: int, one: str, two: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run HAProxy over two instances, with a master process that SIGUSR2 makes read its configuration anew."""
    told = {"SOLNUM_BIND": f"127.0.0.1:{port}", "SOLNUM_ONE": one, "SOLNUM_TWO": two}
    command = ["haproxy", "-W", "-db", "-f", str(DEPLOY / "haproxy" / "haproxy.cfg")]
    with running(command, port, "/version", environment={**os.environ, **told}, stop=signal.SIGTERM) as process:
        yield process


@contextlib.contextmanager
def nginx(folder: Path, port: int, behind: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run nginx as a cache in front of what listens on the port ``behind``."""
    site = (DEPLOY / "nginx" / "solnum.conf").read_text("utf-8")
    site = site.replace("127.0.0.1:8080", f"127.0.0.1:{behind}").replace("127.0.0.1:8090", f"127.0.0.1:{port}")
    (folder / "nginx.conf").write_text(
        f"daemon off; {'user root; ' if os.getuid() == 0 else ''}pid {folder}/pid; error_log {folder}/error.log;"
        " worker_processes 1; events {}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;"
        f" fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{site}\n}}\n"
    )
    with running(["nginx", "-p", str(folder), "-c", "nginx.conf"], port, "/version", folder, stop=signal.SIGTERM) as it:
        yield it

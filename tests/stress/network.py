"""A network that is slow, stalls or breaks: a TCP proxy for a link, and network namespaces for hosts that can be cut off."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator

from exchange import free_port

_RESET = struct.pack("ii", 1, 0)


class Link:
    """A TCP proxy in front of a port. ``delay`` seconds pass before each piece of an answer; while ``stalled`` nothing does;
    ``cut_after`` so many bytes of an answer the connection ends; ``broken`` resets every new one."""

    def __init__(self, target: int) -> None:
        self.port, self._target = free_port(), target
        self.delay = 0.0
        self.cut_after: int | None = None
        self.broken = False
        self._flowing = threading.Event()
        self._ended = threading.Event()
        self._sockets: list[socket.socket] = []
        self.heal()

    def heal(self) -> None:
        """Let everything pass again, at once."""
        self.delay, self.cut_after, self.broken = 0.0, None, False
        self._flowing.set()

    def break_off(self) -> None:
        """End all connections, and reset every new one."""
        self.broken = True
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def stall(self) -> None:
        """Let nothing pass, and close nothing."""
        self._flowing.clear()

    @contextlib.contextmanager
    def open(self) -> Iterator[Link]:
        """Pass connections on until the block ends."""
        with socket.create_server(("127.0.0.1", self.port), backlog=512) as listener:
            thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self._ended.set()
                self._flowing.set()
                with contextlib.suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
                for each in self._sockets:
                    each.close()

    def _accept(self, listener: socket.socket) -> None:
        while not self._ended.is_set():
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                _reset(near)
                continue
            if self.broken:
                _reset(near)
                far.close()
                continue
            self._sockets += [near, far]
            for ends in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answer: bool) -> None:
        passed = 0
        try:
            while piece := source.recv(65536):
                self._flowing.wait()
                if answer and self.delay:
                    self._ended.wait(self.delay)
                passed += len(piece)
                if answer and self.cut_after is not None and passed > self.cut_after:
                    sink.sendall(piece[: max(0, len(piece) - passed + self.cut_after)])
                    for end in (sink, source):
                        end.shutdown(socket.SHUT_RDWR)  # closing would wait for the other thread that reads it
                    return
                sink.sendall(piece)
            self._flowing.wait()
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _reset(sink)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.close()


def may_make_hosts() -> bool:
    """Tell whether network namespaces can be made here."""
    if os.getuid() != 0 or shutil.which("ip") is None:
        return False
    made = subprocess.run(["ip", "netns", "add", "solnum-probe"], capture_output=True, check=False).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", "solnum-probe"], check=True)
    return made


@contextlib.contextmanager
def host(number: int) -> Iterator[Host]:
    """Make a host with an address of its own, which can be cut off."""
    made = Host(number)
    try:
        for words in (
            f"netns add {made.name}",
            f"link add {made.cable} type veth peer name far netns {made.name}",
            f"addr add {made.here}/30 dev {made.cable}",
            f"link set {made.cable} up",
            f"-n {made.name} addr add {made.address}/30 dev far",
            f"-n {made.name} link set far up",
            f"-n {made.name} link set lo up",
        ):
            subprocess.run(["ip", *words.split()], check=True, capture_output=True)
        yield made
    finally:
        subprocess.run(["ip", "netns", "del", made.name], check=False, capture_output=True)


class Host:
    """A network namespace; ``address`` is its own, ``here`` that of this end of the cable."""

    def __init__(self, number: int) -> None:
        self.name, self.cable = f"solnum-{os.getpid()}-{number}", f"sn{os.getpid() % 100000}-{number}"
        self.here, self.address = f"10.231.{number}.1", f"10.231.{number}.2"

    def command(self, words: list[str]) -> list[str]:
        """Return the command that runs another on this host."""
        return ["ip", "netns", "exec", self.name, *words]

    def cut_off(self) -> None:
        """Let nothing reach the host any more, and nothing say so."""
        subprocess.run(["ip", "-n", self.name, "addr", "del", f"{self.address}/30", "dev", "far"], check=True)

    def reconnect(self) -> None:
        """Let the host be reached again."""
        subprocess.run(["ip", "-n", self.name, "addr", "add", f"{self.address}/30", "dev", "far"], check=True)

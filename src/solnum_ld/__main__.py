"""The program, as ``solnum-ld`` and as ``python -m solnum_ld``: an interrupt ends it quietly, from its first imports on.

An exception in the middle of an import leaves a traceback, or is lost where the interpreter can raise none (in callbacks); one
that passes through text that is evaluated has the interpreter end by a signal. An interrupt that comes then waits until that is
done.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

_INTERRUPTED = 130
_WAITING = ("<frozen importlib", "<string>")
"""What the files are called, or begin with, from which code runs where an interrupt waits."""

_AGAIN = 0.01
"""Seconds until an interrupt that waits is looked at again."""


def main() -> None:
    """Run the command line."""
    try:
        import signal

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # the background of a shell ignores it
            sys.unraisablehook = _lost
            signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
            signal.signal(signal.SIGINT, _heed)
        from solnum_ld.cli import main as run

        run()
    except KeyboardInterrupt:  # before a command begins; it says itself that it was stopped
        sys.exit(_INTERRUPTED)


def _heed(_: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, as soon as it can be."""
    while frame is not None and frame.f_code is not main.__code__:
        if frame.f_code.co_filename.startswith(_WAITING):
            _wait()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _lost(what: UnraisableHookArgs) -> None:
    """Raise an interrupt again that nobody has heard."""
    if issubclass(what.exc_type, KeyboardInterrupt):
        _wait()
    else:
        sys.__unraisablehook__(what)


def _wait() -> None:
    import signal

    signal.setitimer(signal.ITIMER_REAL, _AGAIN)


if __name__ == "__main__":
    main()

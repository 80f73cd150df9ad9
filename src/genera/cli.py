"""The command line: finds the command, imports only that one, and turns errors into one line."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

#: Every command with what it does, in the order a newcomer meets them. Each is a module of `genera.commands`.
COMMANDS = {
    "quickstart": "train a small model of each family on the embedded digits, measure and draw; minutes",
    "train": "train a recipe on a data set, or go on with a run",
    "sample": "draw images from a trained model",
    "reconstruct": "pass images through a trained model and back",
    "evaluate": "measure a trained model",
    "score": "likelihood of every image of a data set, as CSV",
    "compare": "measure models of any family alike and write a report about them",
    "figures": "draw the figures that runs allow",
    "models": "list recipes and trained models that ship with Genera",
    "datasets": "list data sets, their sizes, licences and where they are",
}

_INTRODUCTION = """\
Genera trains, measures and compares generative image models on equal terms.

usage: genera COMMAND …        genera COMMAND --help explains one

{commands}

A first look, offline, in minutes:  genera quickstart
MODEL is a run directory, or a name that `genera models` lists.
Runs go to $GENERA_RUNS, or to ./runs. Data sets are looked for in $GENERA_DATA.
Errors end with exit code 2 and one line; GENERA_DEBUG=1 shows where they came from.
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0, 2 for bad input, 128 + N where signal N stopped it.
    """
    _show_what_the_terminal_can()
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(introduction(), end="")
        return 0
    name, *arguments = argv
    if name == "--version":
        from genera import __version__

        print(__version__)
        return 0
    try:
        if name not in COMMANDS:
            raise ValueError(f"there is no command {name!r}{_perhaps(name)}; genera --help lists all")
        with _catching_termination():
            module = import_module(f"genera.commands.{name}")
            return module.main(arguments) or 0
    except _Terminated:
        print("terminated", file=sys.stderr)
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; without this Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, FloatingPointError, OSError) as error:
        if os.environ.get("GENERA_DEBUG"):
            raise
        print(f"genera {name}: error: {_first_line(error)}", file=sys.stderr)
        return 2


def introduction() -> str:
    """What ``genera --help`` prints."""
    width = max(map(len, COMMANDS))
    return _INTRODUCTION.format(commands="\n".join(f"  {name:<{width}}  {does}" for name, does in COMMANDS.items()))


class _Terminated(KeyboardInterrupt):
    """Somebody asked the process to end: what cleans up after Ctrl-C cleans up after this as well."""


@contextmanager
def _catching_termination() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does; while it runs, a training has a handler of its own."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may set handlers.
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        # None where it was not set from Python.
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _show_what_the_terminal_can() -> None:
    """Replace characters that the terminal does not know, instead of failing on them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _perhaps(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _first_line(error: Exception) -> str:
    """The message of an error on one line."""
    from genera.config.errors import unwrapped

    line = " ".join(unwrapped(str(error)).split()) or type(error).__name__
    # Names in files may hold what a terminal obeys.
    return "".join(character if character.isprintable() else "?" for character in line)


if __name__ == "__main__":
    sys.exit(main())

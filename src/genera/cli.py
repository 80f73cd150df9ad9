"""The command line: imports only the module of the given command, and prints errors as one line."""

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

#: Each command with a description, in the order of `genera --help`. Each is a module of `genera.commands`.
COMMANDS = {
    "quickstart": "train, measure and plot a small model of each family on the embedded digits; takes minutes",
    "train": "train a recipe on a data set, or resume a run",
    "sample": "sample images from a trained model",
    "reconstruct": "encode and decode images with a trained model",
    "evaluate": "measure a trained model",
    "score": "write the likelihood of each image of a data set as CSV",
    "compare": "measure models of any family alike and write a report",
    "figures": "write all figures of trained models",
    "models": "list the recipes and trained models that ship with Genera",
    "datasets": "list data sets with their sizes, licences and locations",
}

_INTRODUCTION = """\
Genera trains, measures and compares generative image models on equal terms.

usage: genera COMMAND …        genera COMMAND --help explains a command

{commands}

To start, offline and in minutes:  genera quickstart
MODEL is a run directory, or a name that `genera models` lists.
Runs are written to $GENERA_RUNS, or to ./runs. Data sets are read from $GENERA_DATA.
Errors are printed as one line with exit code 2; GENERA_DEBUG=1 shows the traceback.
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0, 2 for invalid input, 128 + N if signal N stopped it.
    """
    _replace_unencodable_characters()
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
            raise ValueError(f"there is no command {name!r}{_suggestion(name)}; genera --help lists all commands")
        with _catching_termination():
            module = import_module(f"genera.commands.{name}")
            # Most commands are a typed function of their name; some parse or print more, in `main`.
            if hasattr(module, "main"):
                return module.main(arguments) or 0
            return import_module("genera.commands.typed_command").call(getattr(module, name), arguments) or 0
    except _Terminated:
        print("terminated", file=sys.stderr)
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the output closed the pipe; without this Python would report it again at exit.
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
    """SIGTERM was received; a KeyboardInterrupt, so that the same clean-up runs as after Ctrl-C."""


@contextmanager
def _catching_termination() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does; training sets its own handler while it runs."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread can set signal handlers.
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        # None if the earlier handler was not set from Python.
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _replace_unencodable_characters() -> None:
    """Print characters that the terminal cannot encode as `?` instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _suggestion(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _first_line(error: Exception) -> str:
    """The message of an error on one line."""
    from genera.config.errors import message_in_union

    line = " ".join(message_in_union(str(error)).split()) or type(error).__name__
    # Names of files may contain terminal control characters.
    return "".join(character if character.isprintable() else "?" for character in line)


if __name__ == "__main__":
    sys.exit(main())

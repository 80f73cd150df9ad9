"""What jsonargparse may import while it reads a config, and its complaints in one line."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jsonargparse import ArgumentParser, _common, set_parsing_settings

from genera.config.errors import brief, one_line
from genera.config.registry import Registry

_LOCK = threading.RLock()


@contextmanager
def checked(parser: ArgumentParser, registry: Registry) -> Iterator[None]:
    """Let configs import what the registry lists and nothing else; turn complaints into one line.

    Raises:
        ValueError: a setting is unknown, of the wrong type or not allowed.
    """
    # jsonargparse keeps this policy for the whole process and can only add to it; a program that uses jsonargparse
    # itself must find it as it was, so the settings are put back by hand, and threads take turns.
    with _LOCK:
        before = dict(_common.parsing_settings)
        set_parsing_settings(
            import_path_denylist=["*"],
            import_path_allowlist=registry.import_paths,
            # A dictionary with a `class_path` where anything may stand is a dictionary.
            instantiate_subclass_spec_in_any=False,
        )
        try:
            yield
        except argparse.ArgumentError as error:
            options = [option.lstrip("-") for action in parser._actions for option in action.option_strings]
            raise ValueError(one_line(str(error), options=options, registry=registry)) from error
        except ValueError:
            raise
        # What settings name is made of whatever they say, which can make it raise anything.
        except Exception as error:
            raise ValueError(f"these settings cannot be used: {type(error).__name__}: {brief(error)}") from error
        finally:
            _common.parsing_settings.update(before)

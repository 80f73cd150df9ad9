"""What jsonargparse may import while it reads a config, and its errors in one line."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jsonargparse import ArgumentParser, _common, set_parsing_settings

from genera.config.errors import explain_parser_error, first_line, message_in_union
from genera.config.registry import Registry

_LOCK = threading.RLock()


@contextmanager
def safe_parsing(parser: ArgumentParser, registry: Registry) -> Iterator[None]:
    """Allow configs to import only what the registry lists, and shorten errors to one line.

    Raises:
        ValueError: a setting is unknown, has the wrong type or is not allowed.
    """
    # jsonargparse has one policy per process and can only extend it. It is restored by hand for programs that use
    # jsonargparse themselves, and threads take turns.
    with _LOCK:
        before = dict(_common.parsing_settings)
        set_parsing_settings(
            import_path_denylist=["*"],
            import_path_allowlist=registry.import_paths,
            # Otherwise a dictionary with a `class_path` would be instantiated where any type is accepted.
            instantiate_subclass_spec_in_any=False,
        )
        try:
            yield
        except argparse.ArgumentError as error:
            raise ValueError(explain_parser_error(error, parser, registry=registry)) from error
        except ValueError as error:
            if "\n" not in str(error):
                raise
            raise ValueError(" ".join(message_in_union(str(error)).split())) from error
        # Constructors that settings name can raise anything.
        except Exception as error:
            raise ValueError(f"these settings cannot be used: {type(error).__name__}: {first_line(error)}") from error
        finally:
            _common.parsing_settings.update(before)

"""Read YAML from unknown sources in bounded time and memory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

#: About a hundred times the size of the largest recipe.
MAX_CONFIG_CHARACTERS = 1_000_000
MAX_CONFIG_DEPTH = 100
#: The largest config has about 500. Resolving the names of thousands would take long.
MAX_CONFIG_NODES = 2_000
#: The maximum length of a path.
MAX_SETTING_CHARACTERS = 4096
#: The loader of libyaml, where installed, is ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping from a YAML file.

    Raises:
        ValueError: it cannot be read, is not YAML or not a mapping, has aliases, or is larger or nested deeper than any
            config; one line that names the file and the place.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_CONFIG_CHARACTERS + 1)
        _check_yaml(text)
        content = yaml.load(text, Loader=_LOADER)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    # Numbers with thousands of digits and invalid dates are plain ValueErrors.
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{path} is not valid YAML: {' '.join(str(error).split())[:300]}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a mapping of settings, got {type(content).__name__}")
    return content


def _check_yaml(text: str, *, max_characters: int = MAX_CONFIG_CHARACTERS) -> None:
    """Reject text that would take long to load, such as nested aliases, which grow exponentially."""
    if len(text) > max_characters:
        raise ValueError(f"it, or text in it, is longer than {max_characters:,} characters")
    depth, nodes = 0, 0
    for event in yaml.parse(text, Loader=_LOADER):
        nodes += isinstance(event, yaml.NodeEvent)
        if nodes > MAX_CONFIG_NODES:
            raise ValueError(f"it holds more than {MAX_CONFIG_NODES:,} names and values")
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"aliases such as *{event.anchor} are not allowed: write out the value instead")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_CONFIG_DEPTH:
            raise ValueError(f"it is nested more than {MAX_CONFIG_DEPTH} deep")
        # jsonargparse parses text as YAML again if a setting accepts other types.
        if isinstance(event, yaml.ScalarEvent) and event.value != text:
            with suppress(yaml.YAMLError):
                _check_yaml(event.value, max_characters=MAX_SETTING_CHARACTERS)

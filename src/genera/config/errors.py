"""One clear line out of what jsonargparse says of a bad setting.

Its messages name the type at every level of nesting and print whole configs; a person needs the key, the value, what
was expected, and what was perhaps meant.
"""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genera.config.registry import Registry


def one_line(message: str, *, options: Iterable[str] = (), registry: Registry | None = None) -> str:
    """Say in one line what is wrong with a setting.

    Args:
        message: of the error that jsonargparse raised.
        options: names of the settings that exist at the top level, for near misses.
        registry: what may be named.
    """
    where = ".".join(re.findall(r'Parser key "([^"]+)"', message))
    problem = (
        _denied(message, registry)
        or _unknown_key(message, options)
        or _unknown_class(message)
        or _wrong_value(message)
        or _innermost(message)
    )
    return f"{where}: {problem}" if where else problem


def brief(error: Exception) -> str:
    """What an error of somebody else's code says, on one line; torch lists where in its own code it arose."""
    return next(iter(str(error).splitlines()), type(error).__name__)[:300]


def unwrapped(message: str) -> str:
    """What a class has against its arguments, where jsonargparse wraps it into what it says of a union of types."""
    union = re.search(r"Union subtypes\s.*?Errors:(?P<complaints>.*?)Given value type:", message, re.DOTALL)
    if union is None:
        return message
    complaints = [part.strip() for part in re.split(r"\n\s*- ", union["complaints"])]
    return next((part for part in complaints if part and not part.startswith("Expected a")), message)


def _denied(message: str, registry: Registry | None) -> str | None:
    found = re.search(r"Importing '([^']+)' is not allowed", message)
    return None if found is None or registry is None else registry.refusal(found.group(1))


def _unknown_key(message: str, options: Iterable[str]) -> str | None:
    found = re.search(
        r"(?:Option '(?P<a>[^']+)' is not accepted"
        r"|Group '(?P<group>[^']+)' does not accept option '(?P<b>[^']+)'"
        r"|unrecognized arguments: --(?P<c>[\w.]+))(?P<rest>.*)",
        message,
        re.DOTALL,
    )
    if found is None:
        return None
    key = found["a"] or (found["b"] and f"{found['group']}.{found['b']}") or found["c"]
    owner = re.search(r"class_path='([^']+)'", found["rest"])
    known = list(options) if owner is None else _settings_of(owner.group(1))
    subject = "" if owner is None else f" of {owner.group(1).split('.')[-1]}"
    near = _perhaps(key, known)
    if near:
        return f"unknown setting {key!r}{subject}{near}"
    listed = f"; it has {', '.join(known)}" if owner is not None and known else "; see --help"
    return f"unknown setting {key!r}{subject}{listed}"


def _unknown_class(message: str) -> str | None:
    missing = re.search(r"module '([^']+)' has no attribute '([^']+)'", message)
    if missing is not None:
        module, name = missing.groups()
        return f"there is no {name!r} in {module}{_perhaps(name, _public_names(module))}"
    short = re.search(r"Expected a dot import path string: (\w+)", message)
    if short is not None:
        return f"there is no class {short.group(1)!r} of the kind asked for{_perhaps(short.group(1), _exported())}"
    return None


def _wrong_value(message: str) -> str | None:
    expected = re.findall(r"Expected an? ([^\n]+?)(?:\. Got value: (?P<value>[^\n]*))?(?:\n|$)", message)
    if not expected:
        return None
    kinds = [re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", kind).removeprefix("typing.") for kind, _ in expected]
    if "but got" in kinds[0]:
        return f"expected {_before_config(kinds[0])}"
    given = re.findall(r"(?:Given value|Got value): ([^\n]+)", message)
    value = _before_config(given[0]) if given else "?"
    return f"expected {' or '.join(kind for kind in dict.fromkeys(kinds) if kind != 'NoneType')}, got {value}"


def _innermost(message: str) -> str:
    """The deepest complaint as it stands."""
    last = _before_config(message.strip()).splitlines()[-1].strip()
    return last.rsplit("expects a function or a callable class: ", 1)[-1].rstrip(".")[:300]


def _before_config(text: str) -> str:
    """``text`` up to where whole configs begin."""
    return re.split(r"\.+ Got value: ", text, maxsplit=1)[0]


def _perhaps(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def _settings_of(class_path: str) -> list[str]:
    """Names of what a class can be given in a config."""
    # Not above: a mistyped command is told so at once, without loading torch.
    from genera.config.registry import imported

    found = imported(class_path)
    return [] if not callable(found) else [name for name in inspect.signature(found).parameters if name != "self"]


def _public_names(module: str) -> list[str]:
    return [name for name in dir(sys.modules.get(module)) if not name.startswith("_")]


def _exported() -> list[str]:
    """The names a recipe may use short: what the loaded packages of Genera export."""
    packages = [module for name, module in sys.modules.items() if name.startswith("genera.")]
    return [name for package in packages for name in getattr(package, "__all__", ())]

"""Whether the classes that a config names can be made of what they will be given, before any of them is.

A parameter such as ``encoder: Callable[[tuple[int, int, int], int], nn.Module]`` takes a class whose first two
parameters are of those kinds. jsonargparse checks what is made and every setting of the config; this checks what only
the call will bring.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from jsonargparse import Namespace

from genera.config.registry import imported


def check_factories(function: Callable[..., Any], settings: Namespace, *, where: str = "", num_given: int = 0) -> None:
    """Check every class that settings name against the parameter it is named for; nothing is called.

    Args:
        function: what the settings are for, or a class.
        settings: its parameters, by name, as jsonargparse parsed them.
        where: the key at which they stand.
        num_given: positional parameters that are not among the settings.

    Raises:
        ValueError: a class or function cannot be called with what it will be given; says which.
    """
    hints = _hints(function)
    given = (_positional(function) or [])[:num_given]
    for name, value in vars(settings).items():
        if name in hints and name not in given:
            _check(value, hints[name], f"{where}.{name}" if where else name)


def _check(value: Any, expected: Any, where: str) -> None:
    """Check one setting; lists hold several, and a union expects one of its kinds."""
    kinds = list(get_args(expected)) if get_origin(expected) in (Union, UnionType) else [expected]
    if isinstance(value, list):
        items = [get_args(kind)[0] for kind in kinds if get_origin(kind) is list]
        for item in value if items else ():
            _check(item, items[0], where)
        return
    if isinstance(value, Namespace | dict) and not value and any(get_origin(kind) is Callable for kind in kinds):
        raise ValueError(f"{where}: expected the name of a class, as in class_path: NAME, got nothing")
    named = imported(value["class_path"]) if isinstance(value, Namespace) and "class_path" in value else value
    if not callable(named):
        return
    calls = [get_args(kind) for kind in kinds if get_origin(kind) is Callable and _is_called(named, get_args(kind)[1])]
    fitting = [given for given, _ in calls if _takes(named, given)]
    if calls and not fitting:
        name = getattr(named, "__name__", str(named))
        wanted = " or ".join(f"({', '.join(map(_shown, given))})" for given, _ in calls)
        raise ValueError(f"{where}: {name} does not fit here: it will be called with {wanted}")
    if isinstance(value, Namespace) and isinstance(value.get("init_args"), Namespace):
        check_factories(named, value.init_args, where=where, num_given=len(fitting[0]) if fitting else 0)


def _is_called(named: Any, makes: Any) -> bool:
    """Whether it is what is named that will be called: of a class not of the kind asked for, its instances will be."""
    return not inspect.isclass(named) or (inspect.isclass(makes) and issubclass(named, makes))


def _takes(named: Callable[..., Any], given: list[Any]) -> bool:
    """Whether the first parameters of a class or function are of the kinds given."""
    hints, names = _hints(named), _positional(named)
    return names is None or (
        len(names) >= len(given)
        and all(_overlap(hints.get(name, Any), kind) for name, kind in zip(names, given, strict=False))
    )


def _overlap(declared: Any, given: Any) -> bool:
    """Whether a value of the one kind may be one of the other, where both are plain; True where that is not plain."""
    classes = [get_origin(kind) if get_origin(kind) is tuple else kind for kind in (declared, given)]
    if all(inspect.isclass(each) for each in classes):
        return issubclass(classes[0], classes[1]) or issubclass(classes[1], classes[0])
    return True


def _positional(named: Callable[..., Any]) -> list[str] | None:
    """Names of what can be given by position; None where that is anything."""
    try:
        parameters = inspect.signature(named).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return None
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [each.name for each in parameters if each.kind in by_position]


def _hints(named: Any) -> dict[str, Any]:
    """What the parameters of a function, or of a class, are annotated with; nothing where that cannot be found out."""
    try:
        return get_type_hints(named.__init__ if inspect.isclass(named) else named)
    except (NameError, TypeError, AttributeError):
        return {}


def _shown(kind: Any) -> str:
    return kind.__name__ if inspect.isclass(kind) and get_origin(kind) is None else str(kind)

"""Checks that the classes in a config accept the arguments that they will be called with, before any call.

A parameter such as ``encoder: Callable[[tuple[int, int, int], int], nn.Module]`` takes a class whose first two
parameters have those types. jsonargparse checks return types and settings; this module checks the call arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from jsonargparse import Namespace

from genera.config.registry import imported


def check_factories(function: Callable[..., Any], settings: Namespace, *, key: str = "", num_given: int = 0) -> None:
    """Check every class in the settings against the parameter that it is passed to; nothing is called.

    Args:
        function: a function or class.
        settings: values of its parameters, by name, as parsed by jsonargparse.
        key: of the settings in the config.
        num_given: number of positional parameters that are not in the settings.

    Raises:
        ValueError: a class or function does not accept the arguments; the message names it.
    """
    hints = _type_hints(function)
    given = (_positional_names(function) or [])[:num_given]
    for name, value in vars(settings).items():
        if name in hints and name not in given:
            _check_setting(value, hints[name], f"{key}.{name}" if key else name)


def _check_setting(value: Any, expected: Any, key: str) -> None:
    """Check one setting, or each item of a list, against a type or a union of types."""
    types = list(get_args(expected)) if get_origin(expected) in (Union, UnionType) else [expected]
    if isinstance(value, list):
        item_types = [get_args(each)[0] for each in types if get_origin(each) is list]
        for item in value if item_types else ():
            _check_setting(item, item_types[0], key)
        return
    if isinstance(value, Namespace | dict) and not value and any(get_origin(each) is Callable for each in types):
        raise ValueError(f"{key}: expected the name of a class, as in class_path: NAME, got nothing")
    factory = imported(value["class_path"]) if isinstance(value, Namespace) and "class_path" in value else value
    if not callable(factory):
        return
    callables = [get_args(each) for each in types if get_origin(each) is Callable]
    calls = [arguments for arguments, return_type in callables if _is_called(factory, return_type)]
    accepted = [arguments for arguments in calls if _accepts(factory, arguments)]
    if calls and not accepted:
        name = getattr(factory, "__name__", str(factory))
        types = [[each.__name__ if inspect.isclass(each) else str(each) for each in arguments] for arguments in calls]
        signatures = " or ".join(f"({', '.join(names)})" for names in types)
        raise ValueError(f"{key}: {name} does not fit here: it will be called with {signatures}")
    if isinstance(value, Namespace) and isinstance(value.get("init_args"), Namespace):
        check_factories(factory, value.init_args, key=key, num_given=len(accepted[0]) if accepted else 0)


def _is_called(factory: Any, return_type: Any) -> bool:
    """Whether ``factory`` itself will be called; False for a class whose instances are the callables."""
    return not inspect.isclass(factory) or (inspect.isclass(return_type) and issubclass(factory, return_type))


def _accepts(factory: Callable[..., Any], arguments: list[Any]) -> bool:
    """Whether a class or function accepts positional arguments of these types."""
    hints, names = _type_hints(factory), _positional_names(factory)
    return names is None or (
        len(names) >= len(arguments)
        and all(_are_compatible(hints.get(name, Any), kind) for name, kind in zip(names, arguments, strict=False))
    )


def _are_compatible(declared: Any, given: Any) -> bool:
    """Whether one type is a subclass of the other; True where either is not a plain class."""
    classes = [get_origin(kind) if get_origin(kind) is tuple else kind for kind in (declared, given)]
    if all(inspect.isclass(each) for each in classes):
        return issubclass(classes[0], classes[1]) or issubclass(classes[1], classes[0])
    return True


def _positional_names(factory: Callable[..., Any]) -> list[str] | None:
    """Names of the positional parameters; None if it accepts any number or has no signature."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return None
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [each.name for each in parameters if each.kind in by_position]


def _type_hints(factory: Any) -> dict[str, Any]:
    """Annotations of the parameters of a function or class; empty where they cannot be resolved."""
    try:
        return get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    except (NameError, TypeError, AttributeError):
        return {}

"""The classes and functions that a config may name: a closed list, filled by the exports of the packages of parts.

Configs come with models from unknown sources, so a name in a config must never run anything but a part of a model.
Parsing imports what a config names and reads signatures; only what this registry contains is called afterwards.
"""

from __future__ import annotations

import inspect
import sys
from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonargparse import Namespace
from torch.nn.modules import activation

#: Packages whose exported classes are parts.
PART_PACKAGES = ("genera.core", "genera.networks", "genera.flows", "genera.vaes", "genera.gans", "genera.evaluation")
#: Modules whose functions are parts too, if a package of parts exports them.
FUNCTION_MODULES = ("genera.flows.masks",)
#: Packages that cannot be allowed: they contain no models, and their functions can do anything.
NEVER_ALLOWED = sys.stdlib_module_names | {
    "PIL", "filelock", "genera", "joblib", "jsonargparse", "lightning", "matplotlib", "numpy", "pip", "pooch", "psutil",
    "pytorch_lightning", "requests", "scipy", "setuptools", "sklearn", "tensorboard", "torch", "torchmetrics", "tqdm",
    "yaml",
}  # fmt: skip


class Registry:
    """The parts, activations of torch and additional classes that one kind of config may name.

    Args:
        classes: additional classes by import path, such as the optimisers of a recipe.
        allow: packages that the caller trusts completely.

    Raises:
        ValueError: ``allow`` contains one of :data:`NEVER_ALLOWED`.
    """

    def __init__(self, *, classes: Mapping[str, type] | None = None, allow: Sequence[str] = ()) -> None:
        self._classes = {f"torch.nn.{name}": getattr(activation, name) for name in activation.__all__}
        self._classes |= classes or {}
        self.allow = tuple(allow)
        for package in self.allow:
            if package.partition(".")[0] in NEVER_ALLOWED:
                raise ValueError(f"--allow {package} would let a config run anything: name a package of models instead")
        more = ", optimisers, schedulers, tasks, loggers, callbacks and strategies" if classes else ""
        self._kinds = f"parts of models that genera exports, activations of torch.nn{more}"

    @property
    def import_paths(self) -> list[str]:
        """Prefixes of what the parser may import. They cover more than the registry; :meth:`check` tests the rest."""
        defined_at = [f"{each.__module__}.{each.__qualname__}" for each in self._classes.values()]
        return [*PART_PACKAGES, *self._classes, *defined_at, *self.allow]

    def __contains__(self, target: object) -> bool:
        """Whether a config may name this class or function."""
        module = getattr(target, "__module__", None) or ""
        if any(module == package or module.startswith(f"{package}.") for package in self.allow):
            return True
        is_exported = any(target is part for part in _exports())
        if inspect.isclass(target):
            # Abstract classes such as ImageModel are for subclassing.
            is_abstract = inspect.isabstract(target) or ABC in target.__bases__
            return target in self._classes.values() or (is_exported and not is_abstract)
        return is_exported and module in FUNCTION_MODULES

    def check(self, settings: Any, *, key: str = "") -> None:
        """Raise if parsed settings name anything outside the registry; nothing is called.

        Args:
            settings: a config parsed by jsonargparse, or a part of it.
            key: of the settings in the config.

        Raises:
            ValueError: a class or function is not allowed; the message names it and its key.
        """
        if isinstance(settings, Namespace):
            settings = vars(settings)
        if isinstance(settings, dict):
            path = settings.get("class_path")
            if isinstance(path, str) and imported(path) not in self:
                raise ValueError(f"{key}: {self.refusal(path)}")
            for name, value in settings.items():
                self.check(value, key=f"{key}.{name}" if key else str(name))
        elif isinstance(settings, list | tuple | set):
            for value in settings:
                self.check(value, key=key)
        elif callable(settings) and settings not in self:
            path = f"{getattr(settings, '__module__', '')}.{getattr(settings, '__qualname__', type(settings).__name__)}"
            raise ValueError(f"{key}: {self.refusal(path)}")

    def refusal(self, path: str) -> str:
        """A one-line message that ``path`` is not allowed."""
        root = path.partition(".")[0]
        hint = "" if root in NEVER_ALLOWED else f"; if you trust it, allow its package: --allow {root}"
        return f"{path!r} may not be named here, only {self._kinds}{hint}"


def imported(path: str) -> object:
    """The object at an import path if its module is loaded, else None."""
    module, _, name = path.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def _exports() -> Iterator[object]:
    """The parts of all loaded packages. The parser has already imported what a config names."""
    for package in filter(None, map(sys.modules.get, PART_PACKAGES)):
        # A package that exports more than parts lists them in PARTS.
        yield from (getattr(package, name) for name in getattr(package, "PARTS", package.__all__))

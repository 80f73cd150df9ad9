"""What a config may name: a closed list, filled by the exports of the packages of parts.

A config comes with a model from anywhere, so a name in it must never make Genera run what is not a part of a model.
Parsing a config imports what it names and looks at signatures; only what stands in this list is called afterwards.
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
#: Modules whose functions are parts as well, where a package of parts exports them.
FUNCTION_MODULES = ("genera.flows.masks",)
#: Packages whose functions a config could make do anything: nobody's models are in them.
NEVER_ALLOWED = sys.stdlib_module_names | {
    "PIL", "filelock", "genera", "joblib", "jsonargparse", "lightning", "matplotlib", "numpy", "pip", "pooch", "psutil",
    "pytorch_lightning", "requests", "scipy", "setuptools", "sklearn", "tensorboard", "torch", "torchmetrics", "tqdm",
    "yaml",
}  # fmt: skip


class Registry:
    """What one kind of config may name: parts, activations of torch, and what is added here.

    Args:
        classes: more classes that may be named, by import path: what a recipe has besides its model.
        allow: packages that the caller trusts: anything in them may be named.

    Raises:
        ValueError: ``allow`` holds one of :data:`NEVER_ALLOWED`.
    """

    def __init__(self, *, classes: Mapping[str, type] | None = None, allow: Sequence[str] = ()) -> None:
        self._classes = {f"torch.nn.{name}": getattr(activation, name) for name in activation.__all__}
        self._classes |= classes or {}
        self.allow = tuple(allow)
        for package in self.allow:
            if _root(package) in NEVER_ALLOWED:
                raise ValueError(f"--allow {package} would let a config run anything: name a package of models instead")
        more = ", optimisers, schedulers, tasks, loggers, callbacks and strategies" if classes else ""
        self._kinds = f"parts of models that genera exports, activations of torch.nn{more}"

    @property
    def import_paths(self) -> list[str]:
        """What parsing may import. It is more than what may be named, which :meth:`check` sees to."""
        defined_at = [f"{each.__module__}.{each.__qualname__}" for each in self._classes.values()]
        return [*PART_PACKAGES, *self._classes, *defined_at, *self.allow]

    def __contains__(self, named: object) -> bool:
        """Whether a class or function may be named."""
        module = getattr(named, "__module__", None) or ""
        if any(module == package or module.startswith(f"{package}.") for package in self.allow):
            return True
        if inspect.isclass(named):
            # A contract such as ImageModel is there to be kept by other classes.
            is_contract = inspect.isabstract(named) or ABC in named.__bases__
            return named in self._classes.values() or (not is_contract and any(named is part for part in _exports()))
        return module in FUNCTION_MODULES and any(named is part for part in _exports())

    def check(self, settings: Any, *, where: str = "") -> None:
        """Refuse parsed settings that name anything else; nothing is called.

        Args:
            settings: what jsonargparse made of a config, or a part of that.
            where: the key at which they stand.

        Raises:
            ValueError: something may not be named; says what and where.
        """
        if isinstance(settings, Namespace):
            settings = vars(settings)
        if isinstance(settings, dict):
            path = settings.get("class_path")
            if isinstance(path, str) and imported(path) not in self:
                raise ValueError(f"{where}: {self.refusal(path)}")
            for name, value in settings.items():
                self.check(value, where=f"{where}.{name}" if where else str(name))
        elif isinstance(settings, list | tuple | set):
            for value in settings:
                self.check(value, where=where)
        elif callable(settings) and settings not in self:
            path = f"{getattr(settings, '__module__', '')}.{getattr(settings, '__qualname__', type(settings).__name__)}"
            raise ValueError(f"{where}: {self.refusal(path)}")

    def refusal(self, path: str) -> str:
        """Why ``path`` may not be named, in one line."""
        root = _root(path)
        way_out = "" if root in NEVER_ALLOWED else f"; if you trust it, allow its package: --allow {root}"
        return f"{path!r} may not be named here, only {self._kinds}{way_out}"


def _root(path: str) -> str:
    return path.partition(".")[0]


def imported(path: str) -> object:
    """What an import path names, where its module has been loaded; None otherwise."""
    module, _, name = path.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def _exports() -> Iterator[object]:
    """What the packages of parts export. What a config names has been imported by the time it is looked for here."""
    for package in filter(None, map(sys.modules.get, PART_PACKAGES)):
        # Of a package that exports more than parts, those that it says are some.
        yield from (getattr(package, name) for name in getattr(package, "PARTS", package.__all__))

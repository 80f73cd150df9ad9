from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest
import torch

import genera


def module_names() -> list[str]:
    """The package and all of its modules."""
    return ["genera", *(module.name for module in pkgutil.walk_packages(genera.__path__, prefix="genera."))]


def examples(name: str) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder().find(import_module(name)) if test.examples]


@pytest.mark.parametrize("name", [name for name in module_names() if examples(name)])
def test_the_examples_of_the_docstrings_run(name: str) -> None:
    with torch.random.fork_rng(devices=[]):
        assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    names = {name for name in module_names() if examples(name)}
    assert names >= {"genera.core.dequantization", "genera.flows.chain", "genera.flows.normalizing_flow"}
    assert names >= {getattr(genera, name).__module__ for name in genera.__all__}

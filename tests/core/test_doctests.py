from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest
import torch
from cases import PACKAGES


def module_names() -> list[str]:
    """The packages and all of their modules."""
    names = []
    for package in PACKAGES:
        inside = pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}.")
        names += [package.__name__, *(module.name for module in inside)]
    return names


def examples(name: str) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder().find(import_module(name)) if test.examples]


@pytest.mark.parametrize("name", [name for name in module_names() if examples(name)])
def test_the_examples_of_the_docstrings_run(name: str) -> None:
    with torch.random.fork_rng(devices=[]):
        assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    names = {name for name in module_names() if examples(name)}
    assert names >= {"genera.core.dequantization", "genera.flows.chain", "genera.flows.normalizing_flow"}

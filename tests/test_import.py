"""Importing the library sets the waiting policy of OpenMP, unless the user or torch already did."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
REPORT = f"import json, os; print(json.dumps({{name: os.environ.get(name) for name in {NAMES!r}}}))"
#: Reports when torch is about to be imported, and exits.
WATCH = f"""\
import sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            {REPORT}
            sys.exit()
sys.meta_path.insert(0, Watch())
"""


def policies(program: str, **given: str) -> list[str | None]:
    """The two variables in a program that prints them."""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES} | given
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout).values())


@pytest.mark.parametrize(
    "use",
    [
        "import genera; import torch",
        "import genera.core",
        "from genera.cli import main; main(['models'])",
    ],
)
def test_idle_threads_do_not_spin_for_long_from_the_moment_torch_is_loaded(use: str) -> None:
    assert policies(WATCH + use) == [None, "20000"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"OMP_WAIT_POLICY": "ACTIVE"}, ["ACTIVE", None]),
        ({"GOMP_SPINCOUNT": "3000"}, [None, "3000"]),
        ({"OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "5"}, ["ACTIVE", "5"]),
    ],
)
def test_settings_of_the_user_are_kept(given: dict[str, str], expected: list[str | None]) -> None:
    assert policies(f"import genera; {REPORT}", **given) == expected


def test_nothing_is_set_if_torch_is_already_loaded() -> None:
    # An empty module of that name is enough, and faster to import.
    loaded = "import sys, types; sys.modules['torch'] = types.ModuleType('torch')"
    assert policies(f"{loaded}; import genera; {REPORT}") == [None, None]

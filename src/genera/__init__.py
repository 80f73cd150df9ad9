"""Genera trains, measures and compares the classic families of generative image models on equal terms.

>>> import genera
>>> model = genera.load("realnvp-digits")
>>> model.sample(16).shape
torch.Size([16, 1, 8, 8])

The functions here are those of the command line. They return objects and arrays, print only progress, and work in a
notebook and in a thread. Each is imported when it is first used, so that ``import genera`` is instant.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genera.commands.compare import compare
    from genera.commands.evaluate import evaluate
    from genera.commands.figures import figures
    from genera.commands.sample import sample
    from genera.training.start import train
    from genera.zoo import load

__all__ = ["compare", "evaluate", "figures", "load", "sample", "train"]

__version__ = "0.1.0"

# The one thing that happens on import. GNU's OpenMP, which torch has on Linux, reads once, when torch loads it, how
# long its threads spin while they wait. By default that is so long that they take the cores from whoever computes as
# soon as another program runs, and training slows down many times. Put to sleep at once, they cost a third of the speed
# where nothing else runs. This count costs a few percent there, and beside other programs much less than the default:
# `benchmarks/busy.py` measures it. What the user has set stays, and so does the policy of a torch already loaded.
if "torch" not in sys.modules and not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
    os.environ["GOMP_SPINCOUNT"] = "20000"

#: Modules of the functions.
_MODULES = {
    "compare": "genera.commands.compare",
    "evaluate": "genera.commands.evaluate",
    "figures": "genera.commands.figures",
    "load": "genera.zoo",
    "sample": "genera.commands.sample",
    "train": "genera.training.start",
}


_LOCK = threading.RLock()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'genera' has no attribute {name!r}")
    # Packages such as torch cannot be imported by two threads at once by way of different modules.
    with _LOCK:
        return globals().setdefault(name, getattr(import_module(_MODULES[name]), name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

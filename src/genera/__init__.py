"""Genera trains, measures and compares the classic families of generative image models on equal terms.

>>> import genera                                     # doctest: +SKIP
>>> model = genera.load("runs/realnvp_digits-digits-1")
>>> model.sample(16).shape
torch.Size([16, 1, 8, 8])
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genera.core import ImageModel

__version__ = "0.1.0"

# The one thing that happens on import. GNU's OpenMP, which torch has on Linux, reads once, when torch loads it, how
# long its threads spin while they wait. By default that is so long that they take the cores from whoever computes as
# soon as another program runs, and training slows down many times. Put to sleep at once, they cost a third of the speed
# where nothing else runs. This count costs a few percent there, and beside other programs much less than the default:
# `benchmarks/busy.py` measures it. What the user has set stays, and so does the policy of a torch already loaded.
if "torch" not in sys.modules and not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
    os.environ["GOMP_SPINCOUNT"] = "20000"


def load(model: str | Path, *, device: str = "cpu", allow: Sequence[str] = ()) -> ImageModel:
    """Load a trained model in evaluation mode.

    Args:
        model: a run directory, or a name that ``genera models`` lists.
        device: where to put it.
        allow: packages its configuration may name besides ``genera`` and ``torch.nn``.

    Returns:
        The model; which of sampling, densities and reconstructions it offers, its base classes say.

    Raises:
        ValueError: there is no such model, or its files are damaged or belong to another model.
    """
    # Imported here so that `import genera` is instant.
    from genera.zoo import load as load_from_zoo

    return load_from_zoo(str(model), device=device, allow=allow)

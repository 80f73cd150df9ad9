"""Writing down what was measured, where that is possible."""

from __future__ import annotations

import sys
from pathlib import Path

from genera.core.files import write_atomically


class ResultWriter:
    """Writes results that are worth keeping but not worth failing for.

    A folder that one may only read, or a full disk, then costs measuring again, and not what has just been measured.
    The first failure is said on standard error.

    Attributes:
        has_failed: whether something could not be written.
    """

    def __init__(self) -> None:
        self.has_failed = False

    def write(self, path: Path, content: bytes | str) -> None:
        """Write ``content`` to ``path``, whole or not at all."""
        try:
            write_atomically(path, content)
        except OSError as error:
            if not self.has_failed:
                print(f"results are not kept and will be measured again the next time: {error}", file=sys.stderr)
            self.has_failed = True

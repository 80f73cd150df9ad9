"""Write results to files without failing where a file cannot be written."""

from __future__ import annotations

import sys
from pathlib import Path

from genera.core.files import write_atomically


class ResultWriter:
    """Writes results, and continues if a file cannot be written, such as in a read-only folder or on a full disk.

    The results are then measured again the next time. The first failure is printed on standard error.

    Attributes:
        has_failed: whether a file could not be written.
    """

    def __init__(self) -> None:
        self.has_failed = False

    def write(self, path: Path, content: bytes | str) -> None:
        """Write ``content`` to ``path`` atomically."""
        try:
            write_atomically(path, content)
        except OSError as error:
            if not self.has_failed:
                print(f"results are not saved and will be measured again next time: {error}", file=sys.stderr)
            self.has_failed = True

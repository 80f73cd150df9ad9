"""The wheel contains everything it needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_recipes_and_weights_are_inside_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    needed = [*source.rglob("*.py"), *source.rglob("recipes/**/*.yaml"), *source.rglob("weights/*/*.*")]
    assert {str(path.relative_to(source)) for path in needed} <= inside
    assert any(name.endswith("model.safetensors") for name in inside)

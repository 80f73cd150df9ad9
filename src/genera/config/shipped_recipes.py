"""The recipes that ship with Genera: one complete YAML file per model."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path


def recipe_paths() -> dict[str, Path]:
    """Paths of the shipped recipes, by name."""
    root = Path(str(resources.files("genera"))) / "recipes"
    return {path.stem: path for path in sorted(root.glob("*/*.yaml"))}


def find_recipe(name_or_path: str) -> Path:
    """Find the file of a recipe by the name of a shipped recipe or by its path.

    Raises:
        ValueError: there is neither; the message lists similar names.
    """
    shipped = recipe_paths()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    near = difflib.get_close_matches(name_or_path, shipped, n=3) or list(shipped)
    raise ValueError(f"there is no recipe {name_or_path!r}, by that name or at that path; shipped: {', '.join(near)}")

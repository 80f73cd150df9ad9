"""The pictures of a comparison: the figures of each model, learning curves, and quality against cost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from genera.evaluation import ResultWriter, cache_folder
from genera.reporting.comparison import Comparison
from genera.reporting.drawing import Drawing, LoadedModel
from genera.reporting.figures import FIGURES
from genera.reporting.html_report import Picture
from genera.reporting.multi_run_figures.learning_curves import learning_curves
from genera.reporting.multi_run_figures.quality_and_cost import quality_and_cost
from genera.reporting.style import to_png

#: Version of the pictures in the cache. Increase it when their content or style changes.
_VERSION = 3
#: The last chunk of a PNG file; a file without it is damaged.
_END_OF_PNG = b"IEND\xaeB`\x82"


def comparison_pictures(
    models: Sequence[LoadedModel], comparison: Comparison, *, writer: ResultWriter
) -> dict[str, Sequence[Picture]]:
    """Sections of pictures by title; all models have the same seed and the same images within a section.

    Pictures of a single model are cached with its measurements.

    Args:
        models: the models, in the order of ``comparison``.
        comparison: the measures of the models.
        writer: writes the cached pictures.

    Raises:
        ValueError: the data set of a model is missing.
    """
    names = [row.model for row in comparison.rows]
    sections: dict[str, list[Picture]] = {}
    for figure in FIGURES:
        for name, loaded in zip(names, models, strict=True):
            if (drawing := figure(loaded)) is not None:
                picture = Picture(_cached_png(loaded, drawing, writer=writer), f"{name}: {drawing.title}")
                sections.setdefault(drawing.section, []).append(picture)
    tables = {name: loaded.table for name, loaded in zip(names, models, strict=True)}
    for drawing in (*learning_curves(tables), *quality_and_cost(comparison)):
        sections.setdefault(drawing.section, []).append(Picture(to_png(drawing.draw()), drawing.title))
    return {**sections}


def _cached_png(loaded: LoadedModel, drawing: Drawing, *, writer: ResultWriter) -> bytes:
    """Return a picture from the cache, or draw and cache it."""
    metrics = loaded.trained.run.metrics
    content = {
        "version": _VERSION,
        "figure": drawing.name,
        "model": loaded.trained.config["model"],
        "weights": loaded.trained.weights_digest,
        "seed": loaded.seed,
        "images": {split: loaded.data.split(split).digest for split in ("train", "validation")},
        "metrics": hashlib.sha256(metrics.read_bytes()).hexdigest() if metrics.is_file() else None,
    }
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path = cache_folder(loaded.trained) / f"{key}.png"
    if path.is_file() and (png := path.read_bytes()).endswith(_END_OF_PNG):
        return png
    png = to_png(drawing.draw())
    writer.write(path, png)
    return png

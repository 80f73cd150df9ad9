"""The figures of one model. A figure that is listed here is drawn by ``genera figures`` and ``genera compare``."""

from genera.reporting.drawing import ModelFigure
from genera.reporting.figures.dequantization import dequantization
from genera.reporting.figures.interpolations import interpolations
from genera.reporting.figures.latents import latent, traversals
from genera.reporting.figures.pixel_bits import pixel_bits
from genera.reporting.figures.reconstructions import reconstructions
from genera.reporting.figures.samples import nearest_images, samples, samples_by_class
from genera.reporting.figures.scales import scales
from genera.reporting.figures.training_curves import diversity, loss_terms, players, training

#: In the order of the sections of a report.
FIGURES: tuple[ModelFigure, ...] = (
    samples,
    samples_by_class,
    reconstructions,
    interpolations,
    nearest_images,
    latent,
    traversals,
    scales,
    dequantization,
    pixel_bits,
    training,
    loss_terms,
    players,
    diversity,
)

__all__ = ["FIGURES"]

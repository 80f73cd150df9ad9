"""Figures, tables and reports."""

from genera.reporting.across import draw_figures_across
from genera.reporting.figures import draw_figures

__all__ = ["draw_figures", "draw_figures_across"]

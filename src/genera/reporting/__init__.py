"""Figures, tables and reports."""

from genera.reporting.figures import draw_figures

__all__ = ["draw_figures"]

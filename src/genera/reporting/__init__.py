"""Figures, tables and reports."""

from genera.reporting.figures import make_figures
from genera.reporting.multi_run_figures import make_multi_run_figures
from genera.reporting.style import FigureFiles

__all__ = ["FigureFiles", "make_figures", "make_multi_run_figures"]

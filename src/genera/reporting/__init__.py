"""Figures, tables and reports."""

from genera.reporting.style import FigureFiles

__all__ = ["FigureFiles"]

"""Find and load trained models: run directories, and models that ship with the package."""

from genera.zoo.models import TrainedModel, check_distinct, find_model, load, shipped_models

__all__ = ["TrainedModel", "check_distinct", "find_model", "load", "shipped_models"]

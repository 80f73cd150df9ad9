"""Measures that compare models of any family."""

from genera.evaluation.cas import classification_accuracy_score, sample_each_class
from genera.evaluation.classifier import Classifier
from genera.evaluation.defaults import default_measures
from genera.evaluation.evaluation import Evaluation
from genera.evaluation.likelihood import log_probs
from genera.evaluation.measures import BitsPerDimMeasure, Measure, Measurement
from genera.evaluation.probes import ClassCoverage, Diversity
from genera.evaluation.reconstructions import mse_measure
from genera.evaluation.result_writer import ResultWriter
from genera.evaluation.runner import cache_folder, check_fits, evaluate, result_path
from genera.evaluation.samples import classifier_of
from genera.evaluation.sampling import SampledImages, interpolate, sample_images, traverse

#: Names that a config may use.
PARTS = ("ClassCoverage", "Classifier", "Diversity")

__all__ = [
    "BitsPerDimMeasure",
    "ClassCoverage",
    "Classifier",
    "Diversity",
    "Evaluation",
    "Measure",
    "Measurement",
    "ResultWriter",
    "SampledImages",
    "cache_folder",
    "check_fits",
    "classification_accuracy_score",
    "classifier_of",
    "default_measures",
    "evaluate",
    "interpolate",
    "log_probs",
    "mse_measure",
    "result_path",
    "sample_each_class",
    "sample_images",
    "traverse",
]

"""Measures that compare models of any family."""

from genera.evaluation.extractors import Classifier
from genera.evaluation.image_set import random_subset
from genera.evaluation.latent_paths import interpolate, traverse
from genera.evaluation.likelihood import log_probs
from genera.evaluation.measure import Measure, Measurement
from genera.evaluation.measures import MEASURES, default_measures, info_of, table_order
from genera.evaluation.measures.cas import classification_accuracy_score, sample_each_class
from genera.evaluation.measures.memorisation import nearest_images
from genera.evaluation.probes import ClassCoverage, Diversity
from genera.evaluation.protocol import EvaluationProtocol, classifier_of
from genera.evaluation.reconstruction import reconstruct_images
from genera.evaluation.results.evaluation import Evaluation
from genera.evaluation.results.result_writer import ResultWriter
from genera.evaluation.runner import cache_folder, check_fits, evaluate, result_path
from genera.evaluation.sampling import SampledImages, sample_images
from genera.evaluation.subject import Subject

#: Names that a config may use.
PARTS = ("ClassCoverage", "Classifier", "Diversity")

__all__ = [
    "MEASURES",
    "ClassCoverage",
    "Classifier",
    "Diversity",
    "Evaluation",
    "EvaluationProtocol",
    "Measure",
    "Measurement",
    "ResultWriter",
    "SampledImages",
    "Subject",
    "cache_folder",
    "check_fits",
    "classification_accuracy_score",
    "classifier_of",
    "default_measures",
    "evaluate",
    "info_of",
    "interpolate",
    "log_probs",
    "nearest_images",
    "random_subset",
    "reconstruct_images",
    "result_path",
    "sample_each_class",
    "sample_images",
    "table_order",
    "traverse",
]

"""Extractors of features from images. A new one needs its own file, an export, and a line in both lists of them."""

from genera.evaluation.extractors.base import Extractor
from genera.evaluation.extractors.classifier import Classifier, ClassifierFeatures, load_classifier
from genera.evaluation.extractors.inception import InceptionFeatures
from genera.evaluation.extractors.random_features import RandomFeatures

#: Extractors that there are measures for, with what to do if one is missing.
EXTRACTORS = {
    "lenet": "no classifier for these data: train one with `genera train lenet`, then give it as --classifier",
    "random": "",
    "inception": "no weights of Inception: give a file with --inception",
}

__all__ = [
    "EXTRACTORS",
    "Classifier",
    "ClassifierFeatures",
    "Extractor",
    "InceptionFeatures",
    "RandomFeatures",
    "load_classifier",
]

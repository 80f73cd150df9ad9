"""Anomaly scores, and how well they detect out-of-distribution images."""

from __future__ import annotations

import io
from functools import partial

import numpy as np
import pytest
import torch
from cases import small_vae
from PIL import Image
from sklearn.metrics import roc_auc_score

from genera.core import ImageModel, bits_per_dim
from genera.data import ImageDataset, ImageSplit, find_dataset
from genera.evaluation import MEASURES, EvaluationProtocol, Subject, log_probs
from genera.evaluation.measures import anomaly
from genera.evaluation.measures.anomaly import AUROC, auroc, png_bits
from genera.gans import GAN, NonSaturating
from genera.networks import MlpDiscriminator, MlpGenerator
from genera.vaes import CrossEntropyPixels, GaussianPixels
from genera.zoo import find_model

DIGITS = find_dataset("digits")()
FEW = DIGITS.split("test").first(20)
VALIDATION = DIGITS.split("validation").first(30)


def gan(**options: object) -> GAN:
    torch.manual_seed(0)
    parts = {"generator": partial(MlpGenerator, widths=(8,)), "discriminator": partial(MlpDiscriminator, widths=(8,))}
    return GAN(DIGITS.spec, **parts, loss=NonSaturating(), latent_size=4, **options).eval()


@pytest.mark.parametrize("decimals", [1, 8])
def test_the_area_equals_scikit_learns_also_with_ties(decimals: int) -> None:
    rng = np.random.default_rng(0)
    in_distribution, out_of_distribution = (
        rng.normal(size=300).round(decimals),
        (0.5 + rng.normal(size=200)).round(decimals),
    )
    area, low, high = auroc(torch.from_numpy(in_distribution), torch.from_numpy(out_of_distribution))
    labels = np.repeat([0, 1], [300, 200])
    assert area == pytest.approx(
        roc_auc_score(labels, np.concatenate([in_distribution, out_of_distribution])), abs=1e-12
    )
    assert low < area < high


def test_the_interval_is_as_wide_as_areas_vary() -> None:
    rng = np.random.default_rng(0)
    results = [auroc(*(torch.from_numpy(rng.normal(m, size=n)) for m, n in ((0, 80), (1, 50)))) for _ in range(300)]
    areas, lows, highs = np.array(results).T
    assert np.mean(highs - lows) / (2 * 1.96) == pytest.approx(areas.std(), rel=0.15)
    assert auroc(torch.zeros(3), torch.ones(3)) == (1, 1, 1)


def subject_of(model: ImageModel) -> Subject:
    return Subject(model, EvaluationProtocol(DIGITS))


def available(model: ImageModel) -> set[str]:
    """Names of the scores that a model can compute."""
    return {measure.name[6:-1] for measure in AUROC if measure.requirement(subject_of(model)) is None}


def test_every_family_has_its_scores() -> None:
    of_likelihoods = {"bits", "typicality", "png"}
    assert available(find_model("realnvp-digits").load()) == of_likelihoods
    assert available(small_vae(DIGITS.spec, likelihood=GaussianPixels)) == {*of_likelihoods, "reconstruction"}
    assert available(small_vae(DIGITS.spec, likelihood=CrossEntropyPixels)) == {"reconstruction"}
    assert available(gan()) == {"discriminator"}
    assert not available(find_model("lenet-digits").load())


def score(model: ImageModel, name: str) -> torch.Tensor:
    (measure,) = (measure for measure in AUROC if measure.name == f"auroc[{name}]")
    return measure.score(subject_of(model), FEW, VALIDATION)


def test_scores_of_a_likelihood() -> None:
    model = find_model("realnvp-digits").load()
    bits = bits_per_dim(log_probs(model, FEW), 64)
    mean = bits_per_dim(log_probs(model, VALIDATION), 64).mean()
    torch.testing.assert_close(score(model, "bits"), bits)
    torch.testing.assert_close(score(model, "typicality"), (bits - mean).abs())
    torch.testing.assert_close(score(model, "png"), bits - png_bits(FEW, levels=17))


@pytest.mark.parametrize("levels", [2, 17, 200])
def test_a_png_file_has_the_range_of_the_levels(levels: int) -> None:
    pixels = torch.arange(levels, dtype=torch.uint8)[None, None, None]
    stretched = (255 * pixels.double() / (levels - 1)).round().to(torch.uint8)
    assert stretched.max() == 255
    assert torch.equal(png_bits(ImageSplit(pixels), levels=levels), png_bits(ImageSplit(stretched), levels=256))


def test_bits_of_a_png_file() -> None:
    (bits,) = png_bits(FEW.subset(torch.tensor([3])), levels=17).tolist()
    file = io.BytesIO()
    # White, 16 of 17 levels, is 255.
    stretched = (FEW.pixels[3, 0].numpy() * (255 / 16)).round().astype(np.uint8)
    Image.fromarray(stretched).save(file, "PNG", optimize=True)
    assert bits == 8 * len(file.getvalue()) / 64
    colour = ImageSplit(torch.randint(256, (2, 3, 9, 9), dtype=torch.uint8))
    assert (png_bits(colour, levels=256) > 8).all()  # noise, and the header of the file


def test_scores_of_reconstructions_and_of_a_discriminator() -> None:
    vae = small_vae(DIGITS.spec, likelihood=GaussianPixels)
    error = (FEW.pixels.double() - vae.reconstruct(FEW.pixels).double()) / 16
    torch.testing.assert_close(score(vae, "reconstruction"), error.square().flatten(1).mean(dim=1))
    torch.testing.assert_close(score(gan(), "discriminator"), -gan().score(FEW.pixels))
    conditional = gan(class_conditional=True)
    logits = torch.stack([conditional.score(FEW.pixels, torch.full((20,), label)) for label in range(10)])
    torch.testing.assert_close(score(conditional, "discriminator"), -logits.max(dim=0).values)


def test_the_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    measure, model = MEASURES["auroc[discriminator]"], gan()
    assert measure.unavailable(subject_of(model)) == "no out-of-distribution data set is known for digits"
    assert (
        measure.unavailable(subject_of(find_model("realnvp-digits").load())) == "NormalizingFlow has no discriminator"
    )
    monkeypatch.setattr(anomaly, "OUT_OF_DISTRIBUTION", {"digits": "digits", "own": "digits"})
    assert measure.unavailable(subject_of(model)) is None
    assert measure.measure(subject_of(model)).value == 0.5
    black = {
        name: lambda name=name: ImageSplit(0 * DIGITS.split(name).pixels, DIGITS.split(name).labels)
        for name in ("validation", "test")
    }
    own = ImageDataset("own", DIGITS.spec, class_names=tuple("0123456789"), splits=black)
    measurement = measure.measure(Subject(model, EvaluationProtocol(own)))
    assert measurement.n == 2 * len(DIGITS.split("test"))
    assert measurement.settings["out_of_distribution"] == "digits"
    assert measurement.low <= measurement.value <= measurement.high


def test_a_model_of_other_images_has_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    """The images would be out-of-distribution for it, and those of the other data set perhaps its own."""
    monkeypatch.setattr(anomaly, "OUT_OF_DISTRIBUTION", {"digits": "digits"})
    subject = Subject(gan(), EvaluationProtocol(DIGITS), is_own_data=False)
    reason = MEASURES["auroc[discriminator]"].unavailable(subject)
    assert reason == "the model was not trained on these images of digits"


def test_fewer_images_than_a_split_has_are_random_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half of this split is black, and the second half like the out-of-distribution images."""
    monkeypatch.setattr(anomaly, "OUT_OF_DISTRIBUTION", {"own": "digits"})
    test = DIGITS.split("test")
    half = torch.cat([0 * test.pixels[:90], test.pixels[90:]])
    splits = {"validation": lambda: DIGITS.split("validation"), "test": lambda: ImageSplit(half, test.labels)}
    own = ImageDataset("own", DIGITS.spec, class_names=tuple("0123456789"), splits=splits)
    subject = Subject(find_model("realnvp-digits").load(), EvaluationProtocol(own, count=60))
    measurement = MEASURES["auroc[bits]"].measure(subject)
    assert measurement.n == 120
    # With the first images alone, all of which are black, it would be 1.
    assert 0.6 < measurement.value < 0.9

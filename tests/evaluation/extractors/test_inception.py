"""The Inception network of published distances, with random weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from genera.cli import main
from genera.core import ImageSpec
from genera.data import ImageDataset, ImageSplit, find_dataset
from genera.evaluation import MEASURES, EvaluationProtocol, Subject, default_measures
from genera.evaluation.extractors.inception import Inception, load_inception
from genera.zoo import find_model


@pytest.fixture(scope="module")
def network() -> Inception:
    """Random weights that keep the scale of activations."""
    torch.manual_seed(0)
    inception = Inception()
    for module in inception.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return inception


@pytest.fixture(scope="module")
def weights(network: Inception, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as in pytorch-fid, with the classification head."""
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save({**network.state_dict(), "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}, path)
    return path


def test_it_is_the_published_network(network: Inception) -> None:
    """27.2 million parameters without those of the auxiliary head and of the last layer (torchvision's count)."""
    auxiliary, head = 3_326_696, 2048 * 1000 + 1000
    assert sum(parameter.numel() for parameter in network.parameters()) == 27_161_264 - auxiliary - head
    names = list(network.state_dict())
    assert names[0] == "Conv2d_1a_3x3.conv.weight"
    assert "Mixed_7c.branch3x3dbl_3b.bn.running_var" in names
    assert network.Mixed_6b.get_submodule("branch7x7dbl_2.conv").kernel_size == (7, 1)


def test_its_features_equal_those_of_torchvision(network: Inception) -> None:
    """Every 293rd feature of one image as torchvision 0.24's network gives it with these weights, after pytorch-fid's
    changes: average pooling without padding, and max pooling in the last block."""
    image = (torch.arange(3 * 12 * 10) * 7 % 256).to(torch.uint8).view(1, 3, 12, 10)
    expected = [0.0, 0.004097507, 0.111967996, 0.0, 0.464380175, 0.675574422, 0.257359505]
    torch.testing.assert_close(network(image, levels=256)[0, ::293], torch.tensor(expected), rtol=1e-4, atol=1e-6)


def test_average_pooling_does_not_count_padding(network: Inception) -> None:
    """The pooled path of a constant image is constant, also at the border."""
    constant = torch.ones(1, 192, 8, 8)
    pooled = network.Mixed_5b(constant)[:, -32:]
    torch.testing.assert_close(pooled, pooled[:, :, :1, :1].expand_as(pooled))


def test_grey_images_equal_colour_images_with_equal_channels(network: Inception) -> None:
    grey = torch.randint(17, (2, 1, 8, 8), dtype=torch.uint8)
    features = network(grey, levels=17)
    assert features.shape == (2, 2048)
    assert features.std() > 0
    torch.testing.assert_close(network(grey.expand(-1, 3, -1, -1), levels=17), features)


def test_both_file_formats_load(network: Inception, weights: Path, tmp_path: Path) -> None:
    save_file(network.state_dict(), tmp_path / "inception.safetensors")
    for path in (weights, tmp_path / "inception.safetensors"):
        for name, value in load_inception(path).state_dict().items():
            assert torch.equal(value, network.state_dict()[name])


def test_inception_measures_in_a_comparison(weights: Path, tmp_path: Path) -> None:
    protocol = EvaluationProtocol(find_dataset("digits")())
    assert "fd[inception]" not in {measure.name for measure in default_measures(protocol)}
    command = ["compare", "realnvp-digits", "lenet-digits", "--out", str(tmp_path), "--inception", str(weights)]
    assert main([*command, "--count", "6", "--measures", "fd[inception],precision[inception]"]) == 0
    flow, classifier = json.loads((tmp_path / "comparison.json").read_text())["models"]
    assert flow["measures"]["fd[inception]"]["value"] > 0
    assert len(flow["measures"]["fd[inception]"]["settings"]["extractor"]) == 64
    assert classifier["unavailable"]["fd[inception]"] == "Classifier does not generate images"


def test_invalid_weights_are_refused_before_sampling(tmp_path: Path, failing: Callable[..., str]) -> None:
    command = ("evaluate", "realnvp-digits", "--measures", "fd[inception]", "--inception")
    assert f"there is no file {tmp_path / 'none.pth'}" in failing(*command, str(tmp_path / "none.pth"))
    (tmp_path / "text.pth").write_text("no weights")
    assert "text.pth does not contain the weights of Inception v3" in failing(*command, str(tmp_path / "text.pth"))
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    assert "Missing key(s) in state_dict" in failing(*command, str(tmp_path / "other.pth"))


def test_images_with_two_channels_are_refused(weights: Path) -> None:
    pixels = torch.zeros(9, 2, 8, 8, dtype=torch.uint8)
    data = ImageDataset("two-channels", ImageSpec(2, 8, 8), class_names=(), splits={"test": lambda: ImageSplit(pixels)})
    flow = find_model("realnvp-digits").load()
    flow.spec = data.spec
    subject = Subject(flow, EvaluationProtocol(data, inception=weights))
    assert MEASURES["fd[inception]"].unavailable(subject) == "Inception takes images with 1 or 3 channels, got 2"

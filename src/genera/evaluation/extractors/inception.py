"""Features of the Inception network trained on ImageNet, which most papers compute distances between images in.

The weights do not ship with the package: the user gives a file. They were trained on photographs of 299×299 pixels, so
for small grey images the features are useful only for comparison with published values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genera.core import ImageModel
from genera.evaluation.extractors.base import Extractor

#: Height and width of the images the network was trained on.
_SIZE = 299
#: Prefixes of the weights of the classification heads, which are not used.
_UNUSED_PREFIXES = ("fc.", "AuxLogits.")
#: A convolution in a mixed block: its name in the file, channels, kernel, stride.
_Step = tuple[str, int, tuple[int, int], int]


class _Convolution(nn.Module):
    """A convolution with batch normalization and ReLU."""

    def __init__(
        self, num_inputs: int, num_outputs: int, kernel: tuple[int, int], *, stride: int, padded: bool
    ) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if padded else 0
        self.conv = nn.Conv2d(num_inputs, num_outputs, kernel, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(num_outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class _MixedBlock(nn.Module):
    """Parallel paths of convolutions and one path with pooling; the outputs are concatenated along the channels.

    Args:
        num_inputs: input channels.
        paths: the steps of each path, in order; a step is one convolution, or two of the same input.
        pool: the pooling layer.
        num_pooled: output channels of a 1×1 convolution after the pooling; 0 for no such convolution.
    """

    def __init__(
        self, num_inputs: int, paths: Sequence[Sequence[Sequence[_Step]]], pool: nn.Module, *, num_pooled: int = 0
    ) -> None:
        super().__init__()
        self.paths = [[[name for name, *_ in step] for step in path] for path in paths]
        self.pool = pool
        for path in paths:
            channels = num_inputs
            for step in path:
                for name, num_outputs, kernel, stride in step:
                    # Convolutions that halve the size have no padding.
                    convolution = _Convolution(channels, num_outputs, kernel, stride=stride, padded=stride == 1)
                    self.add_module(name, convolution)
                channels = sum(num_outputs for _, num_outputs, *_ in step)
        self.branch_pool = (
            _Convolution(num_inputs, num_pooled, (1, 1), stride=1, padded=False) if num_pooled else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for path in self.paths:
            h = x
            for step in path:
                h = torch.cat([self.get_submodule(name)(h) for name in step], dim=1)
            outputs.append(h)
        return torch.cat([*outputs, self.branch_pool(self.pool(x))], dim=1)


def _conv_path(name: str, *steps: tuple[int, tuple[int, int]], stride: int = 1) -> list[list[_Step]]:
    """Sequential convolutions, ``(channels, kernel)`` each; only the last has the stride."""
    path = []
    for index, (channels, kernel) in enumerate(steps):
        is_last = index == len(steps) - 1
        title = f"{name}_{index + 1}" if len(steps) > 1 else name
        path.append([(title, channels, kernel, stride if is_last else 1)])
    return path


def _conv_path_with_split_end(name: str, *steps: tuple[int, tuple[int, int]]) -> list[list[_Step]]:
    """As :func:`_conv_path`, then a 1×3 and a 3×1 convolution in parallel, each with the channels of the last step."""
    channels, after = steps[-1][0], len(steps) + 1
    both: list[_Step] = [(f"{name}_{after}a", channels, (1, 3), 1), (f"{name}_{after}b", channels, (3, 1), 1)]
    first = [(f"{name}_{index + 1}", *step, 1) for index, step in enumerate(steps)]
    return [*([step] for step in first), both]


def _average_pool() -> nn.Module:
    # As in TensorFlow: padding is not counted.
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


def _mixed_a(num_inputs: int, *, num_pooled: int) -> _MixedBlock:
    paths = [
        _conv_path("branch1x1", (64, (1, 1))),
        _conv_path("branch5x5", (48, (1, 1)), (64, (5, 5))),
        _conv_path("branch3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3))),
    ]
    return _MixedBlock(num_inputs, paths, _average_pool(), num_pooled=num_pooled)


def _mixed_b(num_inputs: int) -> _MixedBlock:
    paths = [
        _conv_path("branch3x3", (384, (3, 3)), stride=2),
        _conv_path("branch3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3)), stride=2),
    ]
    return _MixedBlock(num_inputs, paths, nn.MaxPool2d(3, stride=2))


def _mixed_c(num_inputs: int, *, width: int) -> _MixedBlock:
    row, column = (width, (1, 7)), (width, (7, 1))
    paths = [
        _conv_path("branch1x1", (192, (1, 1))),
        _conv_path("branch7x7", (width, (1, 1)), row, (192, (7, 1))),
        _conv_path("branch7x7dbl", (width, (1, 1)), column, row, column, (192, (1, 7))),
    ]
    return _MixedBlock(num_inputs, paths, _average_pool(), num_pooled=192)


def _mixed_d(num_inputs: int) -> _MixedBlock:
    paths = [
        _conv_path("branch3x3", (192, (1, 1)), (320, (3, 3)), stride=2),
        _conv_path("branch7x7x3", (192, (1, 1)), (192, (1, 7)), (192, (7, 1)), (192, (3, 3)), stride=2),
    ]
    return _MixedBlock(num_inputs, paths, nn.MaxPool2d(3, stride=2))


def _mixed_e(num_inputs: int, pool: nn.Module) -> _MixedBlock:
    paths = [
        _conv_path("branch1x1", (320, (1, 1))),
        _conv_path_with_split_end("branch3x3", (384, (1, 1))),
        _conv_path_with_split_end("branch3x3dbl", (448, (1, 1)), (384, (3, 3))),
    ]
    return _MixedBlock(num_inputs, paths, pool, num_pooled=192)


class Inception(nn.Module):
    """Inception v3 up to its last pooling layer, as used for the Fréchet Inception distance.

    Source:
        Szegedy et al. (2016), https://arxiv.org/abs/1512.00567; Heusel et al. (2017), https://arxiv.org/abs/1706.08500,
        for the distance. Average pooling does not count padding and the last block uses max pooling, as in the
        TensorFlow graph behind published distances.
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Convolution(3, 32, (3, 3), stride=2, padded=False)
        self.Conv2d_2a_3x3 = _Convolution(32, 32, (3, 3), stride=1, padded=False)
        self.Conv2d_2b_3x3 = _Convolution(32, 64, (3, 3), stride=1, padded=True)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = _Convolution(64, 80, (1, 1), stride=1, padded=False)
        self.Conv2d_4a_3x3 = _Convolution(80, 192, (3, 3), stride=1, padded=False)
        self.maxpool2 = nn.MaxPool2d(3, stride=2)
        self.Mixed_5b = _mixed_a(192, num_pooled=32)
        self.Mixed_5c = _mixed_a(256, num_pooled=64)
        self.Mixed_5d = _mixed_a(288, num_pooled=64)
        self.Mixed_6a = _mixed_b(288)
        self.Mixed_6b = _mixed_c(768, width=128)
        self.Mixed_6c = _mixed_c(768, width=160)
        self.Mixed_6d = _mixed_c(768, width=160)
        self.Mixed_6e = _mixed_c(768, width=192)
        self.Mixed_7a = _mixed_d(768)
        self.Mixed_7b = _mixed_e(1280, _average_pool())
        self.Mixed_7c = _mixed_e(2048, nn.MaxPool2d(3, stride=1, padding=1))
        self.requires_grad_(False)
        self.eval()

    def forward(self, images: Tensor, *, levels: int) -> Tensor:
        """uint8 ``(B, C, H, W)`` below ``levels``, grey or in colour, to ``(B, 2048)``."""
        x = (images / (levels - 1)).expand(-1, 3, -1, -1)
        h = 2 * F.interpolate(x, size=(_SIZE, _SIZE), mode="bilinear", align_corners=False) - 1
        for layer in self.children():
            h = layer(h)
        return h.mean(dim=(2, 3))


class InceptionFeatures(Extractor):
    """The last pooling layer of Inception, loaded from a file on first use.

    Args:
        path: of the weights.
        levels: of the images.
        device: where it computes.
    """

    name = "inception"
    # Small, as the images are scaled to 299×299.
    batch_size = 20

    def __init__(self, path: Path, *, levels: int, device: torch.device | str = "cpu") -> None:
        self.path, self.levels, self.device = path, levels, device

    @cached_property
    def network(self) -> Inception:
        """The network.

        Raises:
            ValueError: the file does not contain its weights.
        """
        return load_inception(self.path).to(self.device)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def __call__(self, images: Tensor) -> Tensor:
        return self.network(images, levels=self.levels)

    def mismatch(self, model: ImageModel) -> str | None:
        if model.spec.channels not in (1, 3):
            return f"Inception takes images with 1 or 3 channels, got {model.spec.channels}"
        # Fails before any image is sampled if the file is invalid.
        _ = self.network
        return None


def load_inception(path: Path) -> Inception:
    """Load the network from a file with the weight names of torchvision and pytorch-fid.

    Args:
        path: a ``.pth`` file of tensors, such as ``pt_inception-2015-12-05-6726825d.pth`` of pytorch-fid, or a
            ``.safetensors`` file with the same names. No code in it is executed.

    Raises:
        ValueError: the file does not exist or does not contain these weights.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}: give a file with the weights of Inception v3, as in pytorch-fid")
    try:
        if path.suffix == ".safetensors":
            weights = safetensors.torch.load_file(path)
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True)
        model = Inception()
        model.load_state_dict({name: value for name, value in weights.items() if not name.startswith(_UNUSED_PREFIXES)})
    # For a damaged file torch may raise an exception of any class.
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} does not contain the weights of Inception v3: {reason}") from error
    return model

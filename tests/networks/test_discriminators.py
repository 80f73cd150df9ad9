from __future__ import annotations

from functools import partial

import pytest
import torch
from cases import complains, made, normal, uniform
from torch import Tensor, nn

from genera.networks import ConvDiscriminator, MlpDiscriminator, PatchDiscriminator
from genera.networks.discriminator_parts import mean_batch_std

SHAPE = (2, 16, 9)
PERCEPTRON, CONVOLUTIONAL, PATCHES = (
    partial(MlpDiscriminator, SHAPE, widths=(6, 5)),
    partial(ConvDiscriminator, SHAPE, width=2),
    partial(PatchDiscriminator, SHAPE, width=2),
)
WITHOUT_BATCH_NORM = [PERCEPTRON, partial(CONVOLUTIONAL, batch_norm=False), PATCHES]
WITH_BATCH_NORM = [CONVOLUTIONAL, partial(PATCHES, batch_norm=True)]


def case_id(discriminator: partial) -> str:
    return ", ".join(
        [discriminator.func.__name__, *(option for option, value in discriminator.keywords.items() if value is True)]
    )


every_discriminator = pytest.mark.parametrize("discriminator", [PERCEPTRON, CONVOLUTIONAL, PATCHES], ids=case_id)
without_batch_norm = pytest.mark.parametrize("discriminator", WITHOUT_BATCH_NORM, ids=case_id)


def images(count: int = 4) -> Tensor:
    return 2 * uniform(count, *SHAPE) - 1


def one_hot_labels(*numbers: int) -> Tensor:
    return torch.eye(3, dtype=torch.float64)[list(numbers)]


def num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_mlp_discriminator_matches_the_report() -> None:
    discriminator, x = made(lambda: MlpDiscriminator((1, 28, 28))), 2 * uniform(3, 1, 28, 28) - 1
    hidden = nn.Sequential(*(nn.Linear(784, 512), nn.LeakyReLU(0.2)), *(nn.Linear(512, 256), nn.LeakyReLU(0.2)))
    report = nn.Sequential(hidden, nn.Linear(256, 1)).double()
    assert repr(nn.Sequential(discriminator.layers, discriminator.head.last)) == repr(report)
    hidden.load_state_dict(discriminator.layers.state_dict())
    report[1].load_state_dict(discriminator.head.last.state_dict())
    logits, features = discriminator(x)
    torch.testing.assert_close(features, hidden(x.reshape(3, 784)))
    torch.testing.assert_close(logits, report(x.reshape(3, 784))[:, 0])
    assert num_parameters(discriminator) == (784 * 512 + 512) + (512 * 256 + 256) + (256 + 1) == 533_505


def test_the_convolutional_discriminator_matches_the_report() -> None:
    discriminator = made(lambda: ConvDiscriminator((1, 28, 28), num_classes=10))
    x, labels = 2 * uniform(3, 1, 28, 28) - 1, torch.eye(10, dtype=torch.float64)[[7, 0, 7]]
    hidden = nn.Sequential(
        *(nn.Conv2d(2, 64, 4, 2, 1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(64, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(128, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.LeakyReLU(0.2)),
    )
    report = nn.Sequential(hidden, nn.Conv2d(256, 1, (3, 3))).double()
    assert repr(nn.Sequential(discriminator.layers, discriminator.head.last)) == repr(report)
    hidden.load_state_dict(discriminator.layers.state_dict())
    report[1].load_state_dict(discriminator.head.last.state_dict())
    plane = discriminator.label_input.layer.linear
    h = torch.cat([x, nn.functional.linear(labels, plane.weight, plane.bias).view(3, 1, 28, 28)], dim=1)
    logits, features = discriminator(x, labels)
    assert features.shape == (3, 256, 3, 3)
    torch.testing.assert_close(features, hidden(h))
    torch.testing.assert_close(logits, report(h)[:, 0, 0, 0])
    convolutions = (16 * 2 * 64 + 64) + (16 * 64 * 128 + 2 * 128) + (16 * 128 * 256 + 2 * 256) + (9 * 256 + 1)
    assert num_parameters(discriminator) == (10 * 784 + 784) + convolutions == 669_169


def test_the_patches_are_16_pixels_high_and_wide() -> None:
    """The receptive field of a logit in the middle of the map, from its gradient."""
    discriminator, x = (
        made(lambda: PatchDiscriminator((1, 28, 28), width=2)),
        (2 * uniform(1, 1, 28, 28) - 1).requires_grad_(),
    )
    logits, features = discriminator(x)
    patches = discriminator.head.last(features)
    assert patches.shape == (1, 1, 12, 12)
    torch.testing.assert_close(logits, patches.mean(dim=(1, 2, 3)))
    patches[0, 0, 5, 4].backward()
    assert x.grad is not None
    receptive_field = torch.zeros(28, 28, dtype=torch.bool)
    receptive_field[5:21, 3:19] = True
    assert torch.equal(x.grad[0, 0] != 0, receptive_field)


def test_the_layers_of_a_patch_discriminator() -> None:
    for batch_norm, middle in [
        (False, [nn.Conv2d(64, 128, 4, 1, 1)]),
        (True, [nn.Conv2d(64, 128, 4, 1, 1, bias=False), nn.BatchNorm2d(128)]),
    ]:
        discriminator = PatchDiscriminator((3, 28, 28), batch_norm=batch_norm)
        layers = nn.Sequential(nn.Conv2d(3, 64, 4, 2, 1), nn.LeakyReLU(0.2), *middle, nn.LeakyReLU(0.2))
        assert repr(discriminator.layers) == repr(layers)
        assert repr(discriminator.head.last) == repr(nn.Conv2d(128, 1, 4, 1, 1))


@pytest.mark.parametrize(
    ("discriminator", "shape", "features"),
    [
        (partial(MlpDiscriminator, widths=(5,)), (3, 2, 1), (5,)),
        (partial(ConvDiscriminator, width=1), (3, 32, 17), (4, 4, 2)),
        (partial(ConvDiscriminator, width=1), (1, 8, 15), (4, 1, 1)),
        (partial(PatchDiscriminator, width=1), (3, 32, 17), (2, 15, 7)),
        (partial(PatchDiscriminator, width=1), (1, 6, 7), (2, 2, 2)),
    ],
)
@pytest.mark.parametrize("projection", [False, True])
def test_images_of_different_sizes(
    discriminator: partial, shape: tuple[int, int, int], features: tuple[int, ...], projection: bool
) -> None:
    network = discriminator(shape, num_classes=3, minibatch_std=True, projection=projection).double()
    logits, h = network(normal(4, *shape), one_hot_labels(0, 1, 2, 2))
    assert logits.shape == (4,)
    assert h.shape == (4, features[0] + 1, *features[1:])


def test_images_that_are_too_small_are_refused() -> None:
    for discriminator, least in [(ConvDiscriminator, 8), (PatchDiscriminator, 6)]:
        for height, width in [(least - 1, 28), (28, least - 1)]:
            with complains(
                f"at least {least}×{least} pixels", f"got {height}×{width}", "--data.size", "MlpDiscriminator"
            ):
                discriminator((1, height, width))


@every_discriminator
@pytest.mark.parametrize("projection", [False, True])
def test_labels_change_the_logits_of_their_images_only(discriminator: partial, projection: bool) -> None:
    network, x = made(lambda: discriminator(num_classes=3, projection=projection)).eval(), images()
    logits, other = network(x, one_hot_labels(0, 1, 2, 0))[0], network(x, one_hot_labels(0, 2, 2, 0))[0]
    assert (logits != other).tolist() == [False, True, False, False]


@every_discriminator
def test_invalid_labels_are_refused(discriminator: partial) -> None:
    x, labels = images(), one_hot_labels(0, 1, 2, 0)
    with complains("takes no labels", "got labels of shape (4, 3)"):
        discriminator().double()(x, labels)
    for projection in (False, True):
        network = discriminator(num_classes=3, projection=projection).double()
        with complains("takes one-hot labels (B, 3)", "got none"):
            network(x)
        with complains("takes one-hot labels (B, 3)", "got labels of shape (4, 2)"):
            network(x, labels[:, :2])
        with complains("takes one-hot labels (B, 3)", "got labels of shape (4,)"):
            network(x, labels.argmax(dim=1))
    with complains("projection needs labels", "class_conditional"):
        discriminator(projection=True)


@every_discriminator
def test_a_projection_by_hand(discriminator: partial) -> None:
    numbers, x = [0, 1, 2, 1], images()
    network = made(lambda: discriminator(num_classes=3, projection=True)).eval()
    logits, h = network(x, one_hot_labels(*numbers))
    unconditional = discriminator().double().eval()
    unconditional.load_state_dict({name: value for name, value in network.state_dict().items() if "embed" not in name})
    for index, number in enumerate(numbers):
        pooled = h[index].flatten(1).mean(dim=1) if h.ndim > 2 else h[index]
        expected = unconditional(x)[0][index] + network.head.embedding.weight[:, number] @ pooled
        torch.testing.assert_close(logits[index], expected)


@every_discriminator
def test_label_and_image_initially_contribute_equally_to_the_logits(discriminator: partial) -> None:
    """In the median over many initializations, for any number of positions and features."""
    x, ratios = images(), []
    for seed in range(30):
        torch.manual_seed(seed)
        network = discriminator(num_classes=3, projection=True).double().eval()
        logits, h = network(x, one_hot_labels(0, 1, 2, 1))
        unconditional = network.head.last(h).flatten(1).mean(dim=1)
        ratios.append((logits - unconditional).std() / unconditional.std())
    assert 0.1 < torch.stack(ratios).median() < 10


@without_batch_norm
def test_outputs_of_an_image_do_not_depend_on_its_batch(discriminator: partial) -> None:
    network, x = made(discriminator), images()
    for in_batch, alone in zip(network(x), network(x[:1]), strict=True):
        torch.testing.assert_close(in_batch[:1], alone)


@pytest.mark.parametrize("discriminator", WITH_BATCH_NORM, ids=case_id)
def test_in_evaluation_mode_outputs_do_not_depend_on_the_batch(discriminator: partial) -> None:
    network, x = made(discriminator), images()
    assert not torch.allclose(network(x)[0][:2], network(x[:2])[0])
    network.eval()
    torch.testing.assert_close(network(x)[0][:2], network(x[:2])[0])


@without_batch_norm
def test_the_minibatch_standard_deviation_by_hand(discriminator: partial) -> None:
    network, x = made(lambda: discriminator(minibatch_std=True)), images()
    logits, h = network(x)
    expected = (
        network.layers(x.flatten(1) if isinstance(network, MlpDiscriminator) else x).std(dim=0, correction=0).mean()
    )
    # The constant that keeps the derivatives finite changes the result by less than 1e-4.
    torch.testing.assert_close(h[:, -1], expected.expand_as(h[:, -1]), rtol=0, atol=1e-4)
    assert network(torch.cat([x[:1], x[:1], x[2:]]))[0][0] != logits[0]


@without_batch_norm
def test_equal_images_have_a_standard_deviation_of_zero(discriminator: partial) -> None:
    """So has a single image, and second derivatives for a gradient penalty are finite."""
    network = made(lambda: discriminator(minibatch_std=True))
    for x in (images(1), images(1).expand(4, *SHAPE).clone()):
        x.requires_grad_()
        logits, h = network(x)
        assert torch.equal(h[:, -1], torch.zeros_like(h[:, -1]))
        (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
        slope.square().sum().backward()
        assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)


def test_the_mean_batch_std_is_exact_at_every_scale() -> None:
    x = normal(64, 3, 5, 5)
    for scale in (1e3, 1.0, 0.1):
        torch.testing.assert_close(
            mean_batch_std(scale * x), scale * x.std(dim=0, correction=0).mean(), rtol=0, atol=1e-4
        )


@every_discriminator
@pytest.mark.parametrize("projection", [False, True])
def test_every_weight_has_a_spectral_norm_of_one(discriminator: partial, projection: bool) -> None:
    options = {"num_classes": 3, "projection": projection, "minibatch_std": True}
    network, x = made(lambda: discriminator(spectral_norm=True, **options)), images()
    for _ in range(60):
        network(x, one_hot_labels(0, 1, 2, 0))
    layers, plain = (
        [layer for part in (each.layers, each.head) for layer in part.modules()
         if isinstance(layer, (nn.Linear, nn.Conv2d))]
        for each in (network, discriminator(**options))
    )  # fmt: skip
    assert len(layers) == len(plain) > 1
    for layer, other in zip(layers, plain, strict=True):
        assert layer.weight.shape == other.weight.shape
        norm = torch.linalg.svdvals(layer.weight.flatten(1))[0]
        torch.testing.assert_close(norm, torch.ones_like(norm), rtol=0, atol=0.02)
    network.eval()
    assert torch.equal(network(x, one_hot_labels(0, 1, 2, 0))[0], network(x, one_hot_labels(0, 1, 2, 0))[0])

"""One small instance of every exported class, for the property tests.

A new class needs one line in the table of its kind, and every property test covers it; an export without a case fails
``tests/core/test_cases.py``. A case is a function without arguments that always returns the same: an instance in
float64 with random weights (couplings are initially the identity, which would pass nearly every test), and its inputs.
"""

from __future__ import annotations

import inspect
from abc import ABC
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor, nn

import genera.core
import genera.flows
import genera.gans
import genera.networks
import genera.vaes
from genera.core import (
    Constant,
    Cosine,
    Density,
    Dequantizer,
    DiagonalGaussian,
    Distribution,
    ExponentialDecay,
    FallingCycles,
    GaussianMixture,
    ImageModel,
    ImageSpec,
    RisingCycles,
    Schedule,
    StandardNormal,
    Transform,
    UniformDequantizer,
    Warmup,
    has_density,
)
from genera.evaluation.extractors import Classifier
from genera.flows import (
    ActNorm,
    Affine,
    Chain,
    ConditionalSplitPrior,
    Coupling,
    Couplings,
    Elementwise,
    GlowSteps,
    InvertibleConv1x1,
    LogisticMixture,
    Logit,
    NormalizingFlow,
    Permutation,
    RationalQuadraticSpline,
    Split,
    SplitPrior,
    Squeeze,
    Squeezed,
    VariationalDequantizer,
    channel_halves,
    checkerboard,
    squeezed_checkerboard,
)
from genera.flows.coupling import Mask
from genera.gans import (
    GAN,
    R1,
    AdversarialLoss,
    GradientPenalty,
    Hinge,
    LeastSquares,
    NonSaturating,
    Penalty,
    Saturating,
    Wasserstein,
)
from genera.networks import (
    ConvDecoder,
    ConvDiscriminator,
    ConvEncoder,
    ConvGenerator,
    ConvNet,
    GatedConvNet,
    LeNet,
    Mlp,
    MlpDiscriminator,
    MlpGenerator,
    PatchDiscriminator,
    ResidualConvNet,
    ResidualDecoder,
    ResidualEncoder,
)
from genera.vaes import (
    VAE,
    Autoencoder,
    BernoulliPixels,
    BetaTcvae,
    CrossEntropyPixels,
    Elbo,
    FlowPrior,
    FreeBits,
    GaussianMixturePixels,
    GaussianPixels,
    Iwae,
    LaplacePixels,
    LogisticMixturePixels,
    LogisticPixels,
    Objective,
    PixelLikelihood,
    VampPrior,
)
from genera.vaes.encoder import GaussianEncoder

Module = TypeVar("Module", bound=nn.Module)

PACKAGES = (genera.core, genera.networks, genera.flows, genera.vaes, genera.gans)


def perturb(module: nn.Module, *, seed: int = 0, scale: float = 0.1) -> None:
    """Add seeded noise to every parameter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.add_((scale * noise).to(parameter.dtype))


def made(make: Callable[[], Module], *, scale: float = 0.1) -> Module:
    """Build a module in float64, always with the same random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = make().double()
    perturb(module, scale=scale)
    return module


def normal(*shape: int, seed: int = 1) -> Tensor:
    """Standard normal numbers in float64, always the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def uniform(*shape: int, seed: int = 1) -> Tensor:
    """Numbers in [0, 1) in float64, always the same."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pixels(spec: ImageSpec, count: int = 4) -> Tensor:
    """Images of ``spec``: one black, one white, the others random."""
    images = (uniform(count, *spec.shape) * spec.levels).to(torch.uint8)
    images[0], images[1] = 0, spec.levels - 1
    return images


def every_level(spec: ImageSpec) -> Tensor:
    """One constant image of ``spec`` for every level."""
    return torch.arange(spec.levels, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, *spec.shape)


@contextmanager
def complains(*parts: str) -> Iterator[None]:
    """``with complains("part", "other part")`` expects a `ValueError` of one line that contains the parts."""
    with pytest.raises(ValueError) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def of_kind(kind: type) -> list[str]:
    """Names of the image models that implement a contract."""
    implements = has_density if kind is Density else lambda model: isinstance(model, kind)
    return [name for name, make in IMAGE_MODELS.items() if implements(make()[0])]


def without_case(package: ModuleType) -> list[str]:
    """Names of the concrete classes that ``package`` exports and that have no case."""
    missing = []
    for name in package.__all__:
        export = getattr(package, name)
        if not inspect.isclass(export) or not issubclass(export, (nn.Module, ABC)):
            continue
        if inspect.isabstract(export) or ABC in export.__bases__:
            continue
        table = next((cases for kind, cases in CASES.items() if issubclass(export, kind)), {})
        if export not in {type(case[0] if isinstance(case := make(), tuple) else case) for make in table.values()}:
            missing.append(name)
    return missing


gated = partial(GatedConvNet, width=4, num_blocks=1)
channel_coupling = partial(Coupling, conditioner=gated, whole_channels=True)
checkered = partial(Couplings, mask=checkerboard, conditioner=gated)
halved = partial(Couplings, mask=channel_halves, conditioner=gated)
diagonal = partial(Couplings, count=2, mask=squeezed_checkerboard, conditioner=gated, whole_channels=True)
conditional_prior = partial(ConditionalSplitPrior, conditioner=gated)
variational = partial(VariationalDequantizer, transforms=[partial(checkered, count=3)])
squeezed_noise = partial(VariationalDequantizer, transforms=[partial(Squeezed, transforms=[diagonal])])
multiscale = [Logit, partial(checkered, count=2), Squeeze, partial(halved, count=2)]
#: Two scales, with half of the values factored out in between; for images of 4×4 pixels and multiples.
multiscale.append(partial(Split, transforms=[Squeeze, partial(halved, count=2)]))
steps = partial(GlowSteps, count=2, conditioner=gated)
glow = [Logit, Squeeze, steps, partial(Split, transforms=[Squeeze, steps], prior=conditional_prior)]


def initialized_act_norm() -> ActNorm:
    transform = ActNorm((3, 2, 2))
    transform.initialize(3 + 2 * normal(4, 3, 2, 2, seed=2))
    return transform


def bound_vamp_prior(num_dims: int, *, num_components: int) -> VampPrior:
    shape = (1, 4, 4)
    prior = VampPrior((num_dims,), num_components=num_components)
    encoder = GaussianEncoder(shape, num_dims, network=partial(ConvEncoder, width=2))
    prior.bind(encoder, shape, class_conditional=False)
    return prior


#: Cases of transforms: the transform, a batch for its ``forward``, and a context if it needs one.
TRANSFORMS: dict[str, Callable[[], tuple[Transform, *tuple[Tensor, ...]]]] = {
    "Coupling, checkerboard": lambda: (
        made(lambda: Coupling((2, 4, 4), mask=checkerboard, conditioner=gated)),
        normal(3, 2, 4, 4),
    ),
    "Coupling, checkerboard, inverted": lambda: (
        made(lambda: Coupling((1, 3, 5), mask=checkerboard, conditioner=gated, invert=True)),
        normal(3, 1, 3, 5),
    ),
    "Coupling, channel_halves": lambda: (
        made(lambda: Coupling((4, 2, 2), mask=channel_halves, conditioner=gated, elementwise=Affine)),
        normal(3, 4, 2, 2),
    ),
    "Coupling, channel_halves, inverted": lambda: (
        made(lambda: Coupling((3, 2, 2), mask=channel_halves, conditioner=gated, invert=True)),
        normal(3, 3, 2, 2),
    ),
    "Coupling, RationalQuadraticSpline": lambda: (
        made(lambda: Coupling((2, 4, 4), mask=checkerboard, conditioner=gated, elementwise=RationalQuadraticSpline)),
        2 * normal(3, 2, 4, 4),
    ),
    "Coupling, LogisticMixture": lambda: (
        made(lambda: Coupling((2, 4, 4), mask=checkerboard, conditioner=gated, elementwise=LogisticMixture)),
        2 * normal(3, 2, 4, 4),
    ),
    "Coupling, context of images": lambda: (
        made(lambda: Coupling((1, 4, 4), 2, mask=checkerboard, conditioner=gated)),
        normal(3, 1, 4, 4),
        normal(3, 2, 4, 4, seed=2),
    ),
    "Coupling, context of vectors": lambda: (
        made(lambda: Coupling((2, 3, 2), 5, mask=channel_halves, conditioner=gated)),
        normal(3, 2, 3, 2),
        normal(3, 5, seed=2),
    ),
    "Coupling, whole channels": lambda: (
        made(lambda: channel_coupling((3, 2, 2), mask=channel_halves)),
        normal(3, 3, 2, 2),
    ),
    "Coupling, whole channels, squeezed_checkerboard, inverted": lambda: (
        made(lambda: channel_coupling((8, 2, 3), mask=squeezed_checkerboard, invert=True)),
        normal(3, 8, 2, 3),
    ),
    "Coupling, whole channels, context of images": lambda: (
        made(lambda: channel_coupling((4, 2, 2), 2, mask=channel_halves)),
        normal(3, 4, 2, 2),
        normal(3, 2, 2, 2, seed=2),
    ),
    "Couplings, checkerboard": lambda: (made(lambda: checkered((1, 4, 4), count=3)), normal(3, 1, 4, 4)),
    "Couplings, channel_halves": lambda: (made(lambda: halved((4, 2, 2), count=2)), normal(3, 4, 2, 2)),
    "Couplings, whole channels": lambda: (
        made(lambda: Couplings((4, 2, 2), count=2, mask=channel_halves, conditioner=gated, whole_channels=True)),
        normal(3, 4, 2, 2),
    ),
    "Logit": lambda: (Logit((1, 3, 3)), uniform(3, 1, 3, 3)),
    "Logit, wide margin": lambda: (Logit((2, 3, 1), alpha=0.1), uniform(3, 2, 3, 1)),
    "Squeeze": lambda: (Squeeze((2, 4, 6)), normal(3, 2, 4, 6)),
    "Squeezed": lambda: (made(lambda: Squeezed((1, 4, 6), transforms=[diagonal])), normal(3, 1, 4, 6)),
    "Squeezed, context": lambda: (
        made(lambda: Squeezed((1, 4, 4), 2, transforms=[diagonal])),
        normal(3, 1, 4, 4),
        normal(3, 2, 4, 4, seed=2),
    ),
    "Split": lambda: (made(lambda: Split((4, 2, 2), transforms=[partial(halved, count=2)])), normal(3, 4, 2, 2)),
    "Split, nothing after": lambda: (Split((2, 2, 2), transforms=[]), normal(3, 2, 2, 2)),
    "Split, prior": lambda: (
        made(lambda: Split((4, 2, 2), transforms=[Squeeze], prior=SplitPrior)),
        normal(3, 4, 2, 2),
    ),
    "Split, conditional prior": lambda: (
        made(lambda: Split((4, 2, 2), transforms=[partial(halved, count=2)], prior=conditional_prior)),
        normal(3, 4, 2, 2),
    ),
    "SplitPrior": lambda: (made(lambda: SplitPrior((2, 2, 3))), normal(3, 2, 2, 3)),
    "ConditionalSplitPrior": lambda: (
        made(lambda: conditional_prior((2, 2, 3))),
        normal(3, 2, 2, 3),
        normal(3, 2, 2, 3, seed=2),
    ),
    "GlowSteps": lambda: (made(lambda: GlowSteps((4, 2, 2), count=2, conditioner=gated)), normal(3, 4, 2, 2)),
    "GlowSteps, context": lambda: (
        made(lambda: GlowSteps((4, 2, 2), 3, count=2, conditioner=gated)),
        normal(3, 4, 2, 2),
        normal(3, 3, seed=2),
    ),
    "ActNorm": lambda: (made(lambda: ActNorm((3, 2, 2))), normal(3, 3, 2, 2)),
    "ActNorm, initialized": lambda: (made(initialized_act_norm), 3 + 2 * normal(3, 3, 2, 2)),
    "InvertibleConv1x1": lambda: (made(lambda: InvertibleConv1x1((4, 2, 3))), normal(3, 4, 2, 3)),
    "InvertibleConv1x1, one channel": lambda: (made(lambda: InvertibleConv1x1((1, 2, 3))), normal(3, 1, 2, 3)),
    "Permutation": lambda: (Permutation((4, 2, 3)), normal(3, 4, 2, 3)),
    "Permutation, shuffled": lambda: (Permutation((5, 2, 1), seed=1), normal(3, 5, 2, 1)),
    "Permutation, of vectors": lambda: (Permutation((5,)), normal(3, 5)),
    "Chain, empty": lambda: (Chain((2, 3), []), normal(3, 2, 3)),
    "Chain, multi-scale": lambda: (made(lambda: Chain((1, 4, 4), multiscale)), uniform(3, 1, 4, 4)),
    "Chain, multi-scale, colour": lambda: (made(lambda: Chain((3, 4, 4), multiscale)), uniform(3, 3, 4, 4)),
}

#: Cases of element-wise transforms, with numbers ``(B, C, H, W)`` and parameters ``(B, num_params, C, H, W)``.
ELEMENTWISE: dict[str, Callable[[], tuple[Elementwise, Tensor, Tensor]]] = {
    "Affine": lambda: (made(lambda: Affine(3), scale=0.5), 3 * normal(4, 3, 2, 2), normal(4, 2, 3, 2, 2, seed=2)),
    "RationalQuadraticSpline": lambda: (
        made(lambda: RationalQuadraticSpline(3)),
        3 * normal(4, 3, 2, 2),
        normal(4, 23, 3, 2, 2, seed=2),
    ),
    "RationalQuadraticSpline, two bins": lambda: (
        made(lambda: RationalQuadraticSpline(1, num_bins=2, bound=5, min_width=0.1, min_height=0.2)),
        3 * normal(4, 1, 3, 3),
        normal(4, 5, 1, 3, 3, seed=2),
    ),
    "LogisticMixture": lambda: (
        made(lambda: LogisticMixture(3), scale=0.5),
        3 * normal(4, 3, 2, 2),
        normal(4, 14, 3, 2, 2, seed=2),
    ),
    "LogisticMixture, one component": lambda: (
        made(lambda: LogisticMixture(1, num_components=1), scale=0.5),
        3 * normal(4, 1, 3, 3),
        normal(4, 5, 1, 3, 3, seed=2),
    ),
}

#: Cases of dequantizers, with images of every level.
DEQUANTIZERS: dict[str, Callable[[], tuple[Dequantizer, Tensor]]] = {
    f"{name}, {levels} levels": lambda make=make, spec=ImageSpec(1, 2, 3, levels): (
        made(lambda: make(spec), scale=0.3),
        every_level(spec),
    )
    for name, make in (("UniformDequantizer", UniformDequantizer), ("VariationalDequantizer", variational))
    for levels in (2, 17, 256)
}

#: Cases of distributions, with a batch of values.
DISTRIBUTIONS: dict[str, Callable[[], tuple[Distribution, Tensor]]] = {
    "StandardNormal": lambda: (made(lambda: StandardNormal((3,))), normal(5, 3)),
    "StandardNormal, image": lambda: (made(lambda: StandardNormal((2, 1, 2))), normal(5, 2, 1, 2)),
    "DiagonalGaussian": lambda: (made(lambda: DiagonalGaussian((3,)), scale=0.5), normal(5, 3)),
    "DiagonalGaussian, image": lambda: (made(lambda: DiagonalGaussian((2, 1, 2)), scale=0.5), normal(5, 2, 1, 2)),
    "GaussianMixture": lambda: (made(lambda: GaussianMixture((2,), num_components=3), scale=0.5), normal(5, 2)),
    "GaussianMixture, image": lambda: (
        made(lambda: GaussianMixture((1, 2, 1), num_components=3), scale=0.5),
        normal(5, 1, 2, 1),
    ),
    "FlowPrior": lambda: (
        made(lambda: FlowPrior((4,), transform=partial(Chain, transforms=[partial(halved, count=2)])), scale=0.2),
        normal(5, 4),
    ),
    "FlowPrior, image": lambda: (
        made(lambda: FlowPrior((4, 1, 2), transform=partial(Chain, transforms=[partial(halved, count=2)])), scale=0.2),
        normal(5, 4, 1, 2),
    ),
    "VampPrior": lambda: (made(lambda: bound_vamp_prior(2, num_components=3), scale=0.5), normal(5, 2)),
}

SCHEDULES: dict[str, Callable[[], Schedule]] = {
    "Constant": lambda: Constant(0.5),
    "ExponentialDecay": lambda: ExponentialDecay(0.9),
    "Cosine": lambda: Cosine(),
    "Cosine, warm-up": lambda: Cosine(warmup=0.1, final=0.05),
    "Warmup": lambda: Warmup(5),
    "FallingCycles": lambda: FallingCycles(2, 3),
    "RisingCycles": lambda: RisingCycles(3),
}

#: Cases of networks, with an input, and one-hot labels if they are needed.
NETWORKS: dict[str, Callable[[], tuple[nn.Module, *tuple[Tensor, ...]]]] = {
    "GatedConvNet": lambda: (made(lambda: GatedConvNet(2, 3, width=4, num_blocks=2)), normal(3, 2, 5, 4)),
    "ConvNet": lambda: (made(lambda: ConvNet(2, 3, width=4, depth=2)), normal(3, 2, 5, 4)),
    "ResidualConvNet": lambda: (made(lambda: ResidualConvNet(2, 3, width=4, num_blocks=2)), normal(3, 2, 5, 4)),
    "Mlp": lambda: (made(lambda: Mlp(2, 3, width=4)), normal(3, 2, 5, 4)),
    "ConvEncoder": lambda: (made(lambda: ConvEncoder((2, 5, 4), 3, width=4)), normal(3, 2, 5, 4)),
    "ConvDecoder": lambda: (made(lambda: ConvDecoder(3, (2, 5, 4), width=4)), normal(3, 3)),
    "ResidualEncoder": lambda: (made(lambda: ResidualEncoder((2, 5, 4), 3, width=4)), normal(3, 2, 5, 4)),
    "ResidualDecoder": lambda: (made(lambda: ResidualDecoder(3, (2, 5, 4), width=4)), normal(3, 3)),
    "LeNet": lambda: (made(lambda: LeNet((2, 5, 4), 3, width=4)).eval(), normal(3, 2, 5, 4)),
    "MlpGenerator": lambda: (made(lambda: MlpGenerator(3, (2, 5, 4), widths=(6, 7))), normal(4, 3)),
    "MlpGenerator, labels": lambda: (
        made(lambda: MlpGenerator(3, (2, 5, 4), num_classes=4, widths=(6, 7))),
        normal(4, 3),
        torch.eye(4, dtype=torch.float64),
    ),
    "ConvGenerator": lambda: (made(lambda: ConvGenerator(3, (2, 8, 4), width=2)), normal(4, 3)),
    "ConvGenerator, labels": lambda: (
        made(lambda: ConvGenerator(3, (2, 8, 4), num_classes=4, width=2)),
        normal(4, 3),
        torch.eye(4, dtype=torch.float64),
    ),
    "MlpDiscriminator": lambda: (made(lambda: MlpDiscriminator((2, 5, 4), widths=(6, 7))), uniform(3, 2, 5, 4)),
    "MlpDiscriminator, labels": lambda: (
        made(lambda: MlpDiscriminator((2, 5, 4), num_classes=3, widths=(6, 7), minibatch_std=True)),
        uniform(3, 2, 5, 4),
        torch.eye(3, dtype=torch.float64),
    ),
    "ConvDiscriminator": lambda: (made(lambda: ConvDiscriminator((1, 16, 9), width=2)), uniform(3, 1, 16, 9)),
    "ConvDiscriminator, labels": lambda: (
        made(lambda: ConvDiscriminator((1, 16, 9), num_classes=3, width=2, batch_norm=False, minibatch_std=True)),
        uniform(3, 1, 16, 9),
        torch.eye(3, dtype=torch.float64),
    ),
    "PatchDiscriminator, labels": lambda: (
        made(lambda: PatchDiscriminator((2, 7, 8), num_classes=3, width=2, batch_norm=True)),
        uniform(3, 2, 7, 8),
        torch.eye(3, dtype=torch.float64),
    ),
    # In training mode every forward pass updates the singular vectors, so the outputs differ.
    "PatchDiscriminator, spectral norm, projection": lambda: (
        made(lambda: PatchDiscriminator((2, 7, 8), num_classes=3, width=2, spectral_norm=True, projection=True)).eval(),
        uniform(3, 2, 7, 8),
        torch.eye(3, dtype=torch.float64),
    ),
}

#: Cases of flows, with images.
FLOWS: dict[str, Callable[[], tuple[NormalizingFlow, Tensor]]] = {
    name: lambda spec=spec, transforms=transforms, dequantizer=dequantizer, base=base: (
        made(lambda: NormalizingFlow(spec, transforms=transforms, dequantizer=dequantizer, base=base)),
        pixels(spec),
    )
    for name, spec, transforms, dequantizer, base in [
        ("flow, grey", ImageSpec(1, 8, 8, 17, num_classes=10), multiscale, UniformDequantizer, StandardNormal),
        ("flow, colour", ImageSpec(3, 4, 4, 256), multiscale, variational, StandardNormal),
        ("flow, two levels", ImageSpec(1, 4, 4, 2), multiscale, UniformDequantizer, DiagonalGaussian),
        ("flow, variational", ImageSpec(1, 4, 8, 256), multiscale, variational, StandardNormal),
        ("flow, one scale", ImageSpec(1, 3, 5), [Logit, partial(checkered, count=3)], variational, StandardNormal),
        ("flow, Glow", ImageSpec(1, 4, 4, 3), glow, UniformDequantizer, StandardNormal),
        ("flow, squeezed noise", ImageSpec(1, 4, 4, 256), glow, squeezed_noise, StandardNormal),
        ("flow, without weights", ImageSpec(1, 2, 2, 4), [Logit], UniformDequantizer, StandardNormal),
    ]
}

small_vae = partial(
    VAE, encoder=partial(ConvEncoder, width=2), decoder=partial(ConvDecoder, width=2), latent_size=3, objective=Elbo()
)
flow_prior = partial(FlowPrior, transform=partial(Chain, transforms=[partial(halved, count=2)]))

#: Cases of VAEs, with images.
VAES: dict[str, Callable[[], tuple[VAE, Tensor]]] = {
    name: lambda spec=spec, options=options: (made(lambda: small_vae(spec, **options), scale=0.3), pixels(spec))
    for name, spec, options in [
        ("VAE, Gaussian", ImageSpec(1, 4, 5, 17), {"likelihood": GaussianPixels}),
        ("VAE, mixture, colour", ImageSpec(3, 4, 4), {"likelihood": LogisticMixturePixels}),
        ("VAE, binary, IWAE", ImageSpec(1, 5, 4, 2), {"likelihood": BernoulliPixels, "objective": Iwae(3)}),
        ("VAE, cross-entropy", ImageSpec(1, 4, 4), {"likelihood": CrossEntropyPixels, "objective": Elbo(4.0)}),
        ("VAE, VampPrior", ImageSpec(1, 4, 4, 17), {"likelihood": LogisticPixels, "prior": VampPrior}),
        ("VAE, flow prior", ImageSpec(1, 4, 4, 17), {"likelihood": LaplacePixels, "prior": flow_prior}),
        ("VAE, mixture prior", ImageSpec(1, 4, 4), {"likelihood": LogisticPixels, "prior": GaussianMixture}),
        (
            "VAE, conditional, IWAE",
            ImageSpec(1, 4, 4, 17, num_classes=3),
            {"likelihood": LogisticPixels, "class_conditional": True, "objective": Iwae(3)},
        ),
        ("VAE, β-TC", ImageSpec(1, 4, 4), {"likelihood": GaussianPixels, "objective": BetaTcvae(100)}),
        (
            "VAE, free bits",
            ImageSpec(1, 4, 4, 17),
            {"likelihood": GaussianMixturePixels, "objective": FreeBits(0.1)},
        ),
    ]
}


def finalized_autoencoder() -> tuple[Autoencoder, Tensor]:
    spec = ImageSpec(1, 4, 5, 17)
    network = {"encoder": partial(ConvEncoder, width=2), "decoder": partial(ConvDecoder, width=2)}
    model = made(lambda: Autoencoder(spec, **network, latent_size=3, num_components=2), scale=1.0)
    model.finalize(pixels(spec, 40), generator=torch.Generator().manual_seed(0))
    return model, pixels(spec)


small_gan = partial(
    GAN, generator=partial(ConvGenerator, width=2), discriminator=partial(ConvDiscriminator, width=2), latent_size=5
)
smooth_discriminator = partial(ConvDiscriminator, width=2, batch_norm=False)

#: Cases of GANs, with images.
GANS: dict[str, Callable[[], tuple[GAN, Tensor]]] = {
    name: lambda spec=spec, options=options: (made(lambda: small_gan(spec, **options), scale=0.3), pixels(spec))
    for name, spec, options in [
        ("GAN", ImageSpec(1, 8, 8, 17), {"loss": NonSaturating()}),
        (
            "GAN, conditional, feature matching",
            ImageSpec(1, 8, 8, 17, num_classes=3),
            {"loss": LeastSquares(), "class_conditional": True, "feature_matching": 10.0},
        ),
        (
            "GAN, gradient penalty, colour",
            ImageSpec(3, 8, 8),
            {"loss": Wasserstein(), "penalties": [GradientPenalty()], "discriminator": smooth_discriminator},
        ),
        (
            "GAN, R1",
            ImageSpec(1, 8, 12),
            {"loss": Hinge(), "penalties": [R1(every=2)], "discriminator": smooth_discriminator},
        ),
    ]
}


def classifier() -> tuple[Classifier, Tensor]:
    spec = ImageSpec(1, 5, 4, 17, num_classes=3)
    return made(lambda: Classifier(spec, network=partial(LeNet, width=4))), pixels(spec)


#: Cases of image models, with images.
IMAGE_MODELS: dict[str, Callable[[], tuple[Any, Tensor]]] = {
    **FLOWS,
    **VAES,
    **GANS,
    "Autoencoder": finalized_autoencoder,
    "Classifier": classifier,
}


def labels_of(model: Any, images: Tensor) -> Tensor:
    """Labels for images, ``(B,)``; unconditional models ignore them."""
    return torch.arange(len(images)) % max(model.spec.num_classes, 1)


def likelihood_case(make: Callable[[ImageSpec], PixelLikelihood], spec: ImageSpec) -> tuple[PixelLikelihood, Tensor]:
    likelihood = made(lambda: make(spec))
    return likelihood, 2 * normal(4, likelihood.out_channels, spec.height, spec.width)


LIKELIHOOD_SPECS = {
    "256 levels": ImageSpec(1, 2, 3, 256),
    "17 levels": ImageSpec(1, 3, 2, 17),
    "2 levels": ImageSpec(1, 2, 2, 2),
    "colour": ImageSpec(3, 1, 2, 5),
}

#: Cases of pixel likelihoods, with parameters ``(B, out_channels, H, W)``.
LIKELIHOODS: dict[str, Callable[[], tuple[PixelLikelihood, Tensor]]] = {
    f"{name}, {kind}": partial(likelihood_case, make, LIKELIHOOD_SPECS[kind])
    for name, make, kinds in [
        ("GaussianPixels", GaussianPixels, LIKELIHOOD_SPECS),
        ("GaussianPixels, fixed scale", partial(GaussianPixels, scale=0.02), ["256 levels"]),
        ("LaplacePixels", LaplacePixels, LIKELIHOOD_SPECS),
        ("LaplacePixels, fixed scale", partial(LaplacePixels, scale=0.02), ["256 levels"]),
        ("GaussianMixturePixels", partial(GaussianMixturePixels, num_components=3), LIKELIHOOD_SPECS),
        ("LogisticPixels", LogisticPixels, LIKELIHOOD_SPECS),
        ("LogisticMixturePixels", partial(LogisticMixturePixels, num_components=3), LIKELIHOOD_SPECS),
        ("BernoulliPixels", BernoulliPixels, ["2 levels"]),
        ("CrossEntropyPixels", CrossEntropyPixels, LIKELIHOOD_SPECS),
    ]
    for kind in kinds
}

#: Cases of the objectives of VAEs.
OBJECTIVES: dict[str, Callable[[], Objective]] = {
    "Elbo": lambda: Elbo().double(),
    "Elbo, warm-up": lambda: Elbo(4.0, schedule=Warmup(5)).double(),
    "FreeBits": lambda: FreeBits(0.1).double(),
    "Iwae": lambda: Iwae(3).double(),
    "BetaTcvae": lambda: BetaTcvae(100).double(),
    "BetaTcvae, warm-up": lambda: BetaTcvae(100, schedule=Warmup(5)).double(),
}

#: Cases of adversarial losses.
LOSSES: dict[str, Callable[[], AdversarialLoss]] = {
    "Hinge": Hinge,
    "LeastSquares": LeastSquares,
    "NonSaturating": NonSaturating,
    "Saturating": Saturating,
    "Wasserstein": Wasserstein,
}

#: Cases of penalties.
PENALTIES: dict[str, Callable[[], Penalty]] = {
    "GradientPenalty": lambda: GradientPenalty(3.0),
    "R1": lambda: R1(3.0),
}

MASKS: dict[str, Mask] = {
    "checkerboard": checkerboard,
    "channel_halves": channel_halves,
    "squeezed_checkerboard": squeezed_checkerboard,
}

#: The table of cases for each kind of class; modules of no other kind are networks.
CASES: dict[type, dict[str, Callable[[], Any]]] = {
    Transform: TRANSFORMS,
    Elementwise: ELEMENTWISE,
    Dequantizer: DEQUANTIZERS,
    Distribution: DISTRIBUTIONS,
    Schedule: SCHEDULES,
    PixelLikelihood: LIKELIHOODS,
    Objective: OBJECTIVES,
    AdversarialLoss: LOSSES,
    Penalty: PENALTIES,
    ImageModel: IMAGE_MODELS,
    nn.Module: NETWORKS,
}

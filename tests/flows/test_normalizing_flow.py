from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
import yaml
from cases import FLOWS, complains, every_level
from scipy import special, stats
from torch import Tensor

from genera.config.model import build_model
from genera.config.shipped_recipes import find_recipe
from genera.core import Distribution, ImageSpec, StandardNormal, bits_per_dim
from genera.flows import ActNorm, Couplings, Logit, NormalizingFlow, checkerboard
from genera.networks import GatedConvNet

every_flow = pytest.mark.parametrize("name", FLOWS)
simple = [Logit, partial(Couplings, count=8, mask=checkerboard, conditioner=partial(GatedConvNet, width=32))]


class UnitCube(Distribution):
    """The uniform density on [0, 1)^D."""

    def log_prob(self, value: Tensor, context: Tensor | None = None) -> Tensor:
        return value.new_zeros(len(value))

    def _sample(
        self, count: int, context: Tensor | None, temperature: float, generator: torch.Generator | None
    ) -> Tensor:
        return torch.rand(count, *self.event_shape, generator=generator)


@every_flow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_reconstructions_are_exact(name: str, dtype: torch.dtype) -> None:
    flow, images = FLOWS[name]()
    images = torch.cat([images, every_level(flow.spec)])
    assert torch.equal(flow.to(dtype).reconstruct(images), images)


@every_flow
def test_a_sample_is_the_decoded_latent(name: str) -> None:
    flow, _ = FLOWS[name]()
    z = flow.base.sample(6, temperature=0.7, generator=torch.Generator().manual_seed(0))
    samples = flow.sample(6, temperature=0.7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(flow.decode(z), samples)
    assert z.shape == (6, flow.spec.num_dims)


@every_flow
def test_at_temperature_zero_all_samples_are_equal(name: str) -> None:
    flow, _ = FLOWS[name]()
    samples = flow.sample(5, temperature=0.0)
    assert torch.equal(samples, samples[:1].expand_as(samples))


@every_flow
def test_the_loss_is_the_negative_bound(name: str) -> None:
    flow, images = FLOWS[name]()
    torch.manual_seed(0)
    loss = flow.loss(images)
    torch.manual_seed(0)
    torch.testing.assert_close(loss.total, -flow.log_prob(images))


@every_flow
def test_importance_samples_are_averaged_as_probabilities(name: str) -> None:
    flow, images = FLOWS[name]()
    together = flow.log_prob(images, num_importance_samples=3, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    separate = torch.stack([flow.log_prob(images, generator=generator) for _ in range(3)])
    np.testing.assert_allclose(together.detach(), special.logsumexp(separate.detach(), axis=0) - np.log(3), rtol=1e-6)


@every_flow
def test_encode_with_a_generator_uses_its_dequantization_sample(name: str) -> None:
    flow, images = FLOWS[name]()
    y, _ = flow.dequantizer(images, generator=torch.Generator().manual_seed(0))
    z = flow.encode(images, generator=torch.Generator().manual_seed(0))
    back, _ = flow.transform.inverse(z.unflatten(1, flow.transform.out_shape))
    torch.testing.assert_close(back, y.to(back.dtype), rtol=0, atol=1e-6)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_a_uniform_model_has_log2_levels_bits_per_dimension(levels: int) -> None:
    spec = ImageSpec(1, 3, 3, levels)
    flow = NormalizingFlow(spec, transforms=[], base=UnitCube)
    log_prob = flow.log_prob(every_level(spec), num_importance_samples=2)
    bits = bits_per_dim(log_prob, spec.num_dims)
    torch.testing.assert_close(bits, torch.full((levels,), math.log2(levels)), rtol=0, atol=2e-4)


def test_samples_of_an_untrained_flow_are_a_sigmoid_of_the_base() -> None:
    spec, alpha = ImageSpec(1, 2, 2, 17), 0.05
    couplings = partial(Couplings, count=2, mask=checkerboard, conditioner=partial(GatedConvNet, width=4))
    flow = NormalizingFlow(spec, transforms=[partial(Logit, alpha=alpha), couplings])

    def cdf(y: np.ndarray) -> np.ndarray:
        return stats.norm.cdf(special.logit(np.clip(alpha / 2 + (1 - alpha) * y, 0, 1)))

    z = flow.base.sample(2000, generator=torch.Generator().manual_seed(0))
    y, _ = flow.transform.inverse(z.unflatten(1, spec.shape))
    assert stats.kstest(y.detach().flatten().numpy(), cdf).pvalue > 1e-3
    # Values outside [0, 1] belong to the first and the last level.
    edges = np.concatenate([[0], cdf(np.arange(1, 17) / 17), [1]])
    samples = flow.sample(2000, generator=torch.Generator().manual_seed(1))
    counts = np.bincount(samples.flatten(), minlength=17)
    assert stats.chisquare(counts, counts.sum() * np.diff(edges)).pvalue > 1e-3


def test_importance_samples_are_evaluated_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result does not depend on the size of the chunks, and no chunk is larger."""
    flow, images = FLOWS["flow, variational"]()
    sizes, forward = [], flow.dequantizer.forward

    def recorded(images: Tensor, **options: torch.Generator | None) -> tuple[Tensor, Tensor]:
        sizes.append(len(images))
        return forward(images, **options)

    monkeypatch.setattr(flow.dequantizer, "forward", recorded)
    log_probs = []
    for chunk_size in (1, 7, 1000):
        monkeypatch.setattr("genera.flows.normalizing_flow._CPU_CHUNK_VALUES", chunk_size * flow.spec.num_dims)
        generator = torch.Generator().manual_seed(0)
        log_probs.append(flow.log_prob(images, num_importance_samples=9, generator=generator).detach())
        assert max(sizes) == min(chunk_size, 9 * len(images))
        sizes.clear()
    torch.testing.assert_close(log_probs[0], log_probs[1])
    torch.testing.assert_close(log_probs[0], log_probs[2])


def test_initialization_standardizes_the_output_of_every_actnorm() -> None:
    flow, images = FLOWS["flow, Glow"]()
    norms = [module for module in flow.modules() if isinstance(module, ActNorm)]
    assert len(norms) == 4
    with torch.no_grad():
        for norm in norms:
            norm.log_scale.zero_()
            norm.shift.zero_()
    outputs: list[Tensor] = []
    torch.manual_seed(0)
    flow.initialize(images)
    for norm in norms:
        norm.register_forward_hook(lambda norm, inputs, output: outputs.append(output[0]))
    torch.manual_seed(0)
    flow.loss(images)
    assert len(outputs) == 4
    for y in outputs:
        torch.testing.assert_close(y.mean(dim=(0, 2, 3)), y.new_zeros(y.shape[1]))
        torch.testing.assert_close(y.std(dim=(0, 2, 3), correction=0), y.new_ones(y.shape[1]))


def test_resample_keeps_coarse_scales_and_samples_fine_ones() -> None:
    flow, images = FLOWS["flow, grey"]()
    assert flow.latent_scales == [32, 32]
    assert torch.equal(flow.resample(images, keep=2), images)
    generator = torch.Generator().manual_seed(0)
    z, sampled = flow.encode(images, generator=generator), flow.base.sample(len(images), generator=generator)
    expected = flow.decode(torch.cat([z[:, :32], sampled[:, 32:]], dim=1))
    assert torch.equal(flow.resample(images, keep=1, generator=torch.Generator().manual_seed(0)), expected)
    assert torch.equal(flow.resample(images, keep=0, generator=torch.Generator().manual_seed(0)), flow.decode(sampled))
    with complains("keep must be between 0 and the 2 scales", "3"):
        flow.resample(images, keep=3)


def test_log_prob_contains_the_log_probability_of_the_base() -> None:
    flow, images = FLOWS["flow, two levels"]()
    z = flow.encode(images, generator=torch.Generator().manual_seed(0))
    log_prob = flow.log_prob(images, generator=torch.Generator().manual_seed(0))
    learned, flow.base = flow.base, StandardNormal((16,))
    other = flow.log_prob(images, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(log_prob - other, learned.log_prob(z) - flow.base.log_prob(z))


def count_parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("recipe", "parameters"),
    [
        ("realnvp", 2_173_864),
        ("realnvp_tutorial", 1_711_818),
        ("realnvp_simple_vardeq", 628_388),
        ("realnvp_simple_uniform", 556_312),
    ],
)
def test_recipes_have_as_many_parameters_as_the_report(recipe: str, parameters: int) -> None:
    config = yaml.safe_load(find_recipe(recipe).read_text())
    spec = ImageSpec(1, 28, 28, 256, 10)
    model = build_model(config, spec)
    assert isinstance(model, NormalizingFlow)
    assert model.spec == spec
    assert count_parameters(model) == parameters


def test_the_simple_recipe_has_eight_couplings() -> None:
    spec = ImageSpec(1, 28, 28)
    model = build_model(yaml.safe_load(find_recipe("realnvp_simple_uniform").read_text()), spec)
    by_hand = NormalizingFlow(spec, transforms=simple)
    assert {name: value.shape for name, value in model.state_dict().items()} == {
        name: value.shape for name, value in by_hand.state_dict().items()
    }

"""Models whose losses have no noise, to compare one process with two."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genera.core import Fakes, Generative, ImageSpec, Loss, Trainable, TwoPlayer


class MeanImage(Trainable):
    """Learns a reconstruction with a network, so that gradients depend on the weights."""

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__(spec)
        self.net = nn.Sequential(nn.Linear(spec.num_dims, 16), nn.Tanh(), nn.Linear(16, spec.num_dims))

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        x = images.flatten(1) / (self.spec.levels - 1)
        error = (self.net(x) - x).square().sum(dim=1)
        return Loss(error, {"error": error})


class Exploding(MeanImage):
    """A :class:`MeanImage` with a NaN in a term of one image after some steps.

    Args:
        spec: the images.
        good_steps: number of steps with finite losses.
    """

    def __init__(self, spec: ImageSpec, good_steps: int = 4) -> None:
        super().__init__(spec)
        self.good_steps = good_steps
        self.calls = 0

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        loss = super().loss(images, labels)
        # Validation calls the loss as well, without gradients.
        self.calls += torch.is_grad_enabled()
        if self.calls <= self.good_steps:
            return loss
        bad = torch.where(torch.arange(len(images), device=images.device) == 5, torch.nan, 0.0)
        return Loss(loss.total + bad, {"error": loss.total, "broken": bad})


class Players(TwoPlayer):
    """One learned image against a discriminator with a hidden layer."""

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__(spec)
        self.generator = nn.Linear(1, spec.num_dims)
        self.discriminator = nn.Sequential(nn.Linear(spec.num_dims, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))

    def generate(self, count: int, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Fakes:
        latents = torch.ones(count, 1, device=self.generator.weight.device)
        return Fakes(self.generator(latents), latents)

    def discriminator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        return Loss(self.discriminator(fakes.images.detach()) - self.score(images))

    def generator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        return Loss(-self.discriminator(fakes.images))

    def score(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.discriminator(images.flatten(1) / (self.spec.levels - 1))


class Collapsed(Players, Generative):
    """As above; every sample is the same image."""

    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        return self.spec.to_pixels(self.generate(count).images.detach().unflatten(1, self.spec.shape))

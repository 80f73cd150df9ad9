from __future__ import annotations

import pytest
import torch
from cases import IMAGE_MODELS, complains, labels_of, of_kind, perturb
from torch import Tensor

from genera.core import Autoencoding, Density, Generative, ImageModel, Loss, Trainable, TwoPlayer

#: Models without noise in their loss and their encoder.
DETERMINISTIC = {"Autoencoder"}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def float32(name: str) -> tuple[torch.nn.Module, Tensor]:
    model, images = IMAGE_MODELS[name]()
    return model.float(), images


def loss_of(model: Trainable, images: Tensor) -> Loss:
    return model.loss(images, labels_of(model, images))


@pytest.mark.parametrize("kind", [Autoencoding, Density, Generative, Trainable, TwoPlayer])
def test_a_capability_is_one_of_an_image_model(kind: type) -> None:
    assert kind.__bases__ == (ImageModel,)


@pytest.mark.parametrize("name", of_kind(Trainable))
def test_a_loss_is_made_of_its_terms(name: str) -> None:
    model, images = float32(name)
    torch.manual_seed(0)
    loss = loss_of(model, images)
    assert loss.total.shape == (len(images),)
    assert loss.total.isfinite().all()
    torch.testing.assert_close(sum(loss.terms.values()), loss.total)
    assert not any(value.requires_grad for value in loss.logs.values())


@pytest.mark.parametrize("name", of_kind(Trainable))
def test_every_weight_gets_a_finite_gradient(name: str) -> None:
    model, images = float32(name)
    loss = loss_of(model, images).total.mean()
    if loss.requires_grad:
        loss.backward()
    for parameter, value in model.named_parameters():
        assert value.grad is not None, parameter
        assert value.grad.isfinite().all(), parameter
        assert value.grad.any(), parameter


@pytest.mark.parametrize("name", of_kind(Trainable))
def test_the_global_seed_determines_the_loss(name: str) -> None:
    model, images = float32(name)
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(loss_of(model, images).total)
    assert torch.equal(losses[0], losses[1])
    assert torch.equal(losses[0], losses[2]) == (name in DETERMINISTIC)


@pytest.mark.parametrize("name", of_kind(Trainable))
def test_all_noise_of_a_loss_comes_from_the_generator(name: str) -> None:
    model, images = float32(name)
    labels, before = labels_of(model, images), torch.get_rng_state()
    first, again, other = (model.loss(images, labels, generator=seeded(seed)).total for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (name in DETERMINISTIC)


@pytest.mark.parametrize("name", of_kind(Trainable))
def test_all_noise_of_a_validation_loss_comes_from_the_generator(name: str) -> None:
    model, images = float32(name)
    labels, before = labels_of(model, images), torch.get_rng_state()
    first, again = (model.validation_loss(images, labels, generator=seeded(1)).total for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)


@pytest.mark.parametrize("name", of_kind(TwoPlayer))
def test_all_noise_of_two_players_comes_from_the_generator(name: str) -> None:
    """From one generator for the whole step, as a task passes it, or else from torch's global generator."""

    def step(generator: torch.Generator | None) -> Tensor:
        model, images = float32(name)
        labels = labels_of(model, images)
        # A conditional model samples the labels as well.
        fakes = model.generate(len(images), generator=generator)
        discriminator_loss = model.discriminator_loss(images, fakes, labels, generator=generator)
        generator_loss = model.generator_loss(images, fakes, labels, generator=generator)
        return torch.cat([fakes.images.flatten(), discriminator_loss.total, generator_loss.total])

    before = torch.get_rng_state()
    first, again, other = (step(seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    torch.manual_seed(1)
    assert torch.equal(step(None), first)


@pytest.mark.parametrize("name", of_kind(Trainable))
def test_a_loss_under_autocast_is_in_float32(name: str) -> None:
    model, images = float32(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        total = loss_of(model, images).total
    assert total.dtype == torch.float32
    assert total.isfinite().all()


@pytest.mark.parametrize("name", of_kind(Density))
def test_log_probabilities_are_float32_and_follow_the_generator(name: str) -> None:
    model, images = float32(name)
    before = torch.get_rng_state()
    first, again, other = (
        model.log_prob(images, labels_of(model, images), generator=seeded(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(before, torch.get_rng_state())
    assert first.shape == (len(images),)
    assert first.dtype == torch.float32
    assert first.isfinite().all()
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", of_kind(Density))
def test_log_probabilities_do_not_depend_on_autocast(name: str) -> None:
    model, images = float32(name)
    expected = model.log_prob(images, labels_of(model, images), num_importance_samples=2, generator=seeded())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = model.log_prob(images, labels_of(model, images), num_importance_samples=2, generator=seeded())
    assert got.dtype == torch.float32
    assert torch.equal(got, expected)


@pytest.mark.parametrize("name", of_kind(Density))
def test_the_log_probability_of_an_image_does_not_depend_on_its_batch(name: str) -> None:
    model, images = IMAGE_MODELS[name]()
    batch = model.log_prob(images, labels_of(model, images), generator=seeded())[0]
    others = torch.cat([images[:1], images.flip(0)[1:]])
    torch.testing.assert_close(model.log_prob(others, labels_of(model, images), generator=seeded())[0], batch)


@pytest.mark.parametrize("name", of_kind(Density))
def test_log_prob_refuses_invalid_arguments(name: str) -> None:
    model, images = float32(name)
    for count in (0, -1):
        with complains("num_importance_samples must be at least 1", str(count)):
            model.log_prob(images, num_importance_samples=count)
    with complains("torch.uint8", "torch.float32"):
        model.log_prob(images.float())
    with complains("must have shape", str(tuple(images[0].shape))):
        model.log_prob(images[0])


@pytest.mark.parametrize("name", of_kind(Generative))
def test_samples_are_pixels_and_follow_the_generator(name: str) -> None:
    model, _ = float32(name)
    before = torch.get_rng_state()
    first, again, other = (model.sample(64, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert first.dtype == torch.uint8
    assert first.shape == (64, *model.spec.shape)
    assert first.max().item() < model.spec.levels
    assert first.unique().numel() > 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", of_kind(Generative))
def test_samples_without_a_generator_follow_the_global_seed(name: str) -> None:
    model, _ = float32(name)
    samples = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        samples.append(model.sample(64))
    assert torch.equal(samples[0], samples[1])
    assert not torch.equal(samples[0], samples[2])


@pytest.mark.parametrize("name", of_kind(Autoencoding))
def test_latents_are_flat_and_vary_with_a_generator_only(name: str) -> None:
    model, images = float32(name)
    labels = labels_of(model, images)
    z = model.encode(images, labels)
    assert z.dim() == 2
    assert len(z) == len(images)
    assert torch.equal(z, model.encode(images, labels))
    samples = [model.encode(images, labels, generator=seeded(seed)) for seed in (1, 1, 2)]
    assert torch.equal(samples[0], samples[1])
    assert torch.equal(samples[0], samples[2]) == (name in DETERMINISTIC)
    assert samples[0].shape == z.shape


@pytest.mark.parametrize("name", of_kind(Autoencoding))
def test_reconstructions_are_pixels_of_the_decoded_latent(name: str) -> None:
    model, images = float32(name)
    labels = labels_of(model, images)
    reconstructed = model.reconstruct(images, labels)
    assert reconstructed.dtype == torch.uint8
    assert reconstructed.shape == images.shape
    assert reconstructed.max().item() < model.spec.levels
    assert torch.equal(reconstructed, model.decode(model.encode(images, labels), labels))


@pytest.mark.parametrize("name", of_kind(Autoencoding))
def test_encode_refuses_invalid_images(name: str) -> None:
    model, images = float32(name)
    with complains("torch.uint8", "torch.float32"):
        model.encode(images / 255)
    with complains("must have shape"):
        model.reconstruct(images[:, :, 1:])


@pytest.mark.parametrize("name", of_kind(Trainable))
def test_the_state_dict_determines_the_loss(name: str) -> None:
    (trained, images), (fresh, _) = float32(name), float32(name)

    def losses() -> list[Tensor]:
        totals = []
        for model in (trained, fresh):
            torch.manual_seed(0)
            totals.append(loss_of(model, images).total)
        return totals

    perturb(fresh, seed=5)
    assert torch.equal(*losses()) == (not list(trained.parameters()))
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(*losses())

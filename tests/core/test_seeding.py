from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from genera.core import noise_from


def weights(make: Callable[[], nn.Module]) -> Callable[[], Tensor]:
    return lambda: torch.cat([value.flatten() for value in make().state_dict().values()])


#: Operations that use torch's global generator.
RANDOM: dict[str, Callable[[], Tensor]] = {
    "rand": lambda: torch.rand(5),
    "rand, shape as a list": lambda: torch.rand([2, 3], dtype=torch.float64),
    "randn": lambda: torch.randn(2, 20),
    "randint": lambda: torch.randint(9, (7,)),
    "randint, from": lambda: torch.randint(4, 9, (7,)),
    "randperm": lambda: torch.randperm(9),
    "normal": lambda: torch.normal(torch.zeros(5), 2.0),
    "bernoulli": lambda: torch.bernoulli(torch.full((20,), 0.5)),
    "multinomial": lambda: torch.multinomial(torch.ones(9), 5),
    "in place": lambda: torch.cat([torch.empty(9).uniform_(), torch.empty(9).normal_(), torch.empty(9).exponential_()]),
    "Linear": weights(lambda: nn.Linear(3, 4)),
    "Conv2d": weights(lambda: nn.Conv2d(2, 3, 3)),
    "Embedding": weights(lambda: nn.Embedding(3, 4)),
    "spectral_norm": weights(lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4))),
    "orthogonal_": lambda: nn.init.orthogonal_(torch.empty(4, 4)),
    "trunc_normal_": lambda: nn.init.trunc_normal_(torch.empty(9)),
}


@pytest.mark.parametrize("name", RANDOM)
def test_the_numbers_equal_those_of_the_global_generator_which_is_unchanged(name: str) -> None:
    torch.manual_seed(3)
    expected = [RANDOM[name]() for _ in range(2)]
    torch.manual_seed(4)
    before = torch.get_rng_state()
    with noise_from(torch.Generator().manual_seed(3)):
        numbers = [RANDOM[name]() for _ in range(2)]
    assert torch.equal(torch.get_rng_state(), before)
    for one, other in zip(numbers, expected, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(*numbers)


def test_an_explicit_generator_takes_precedence() -> None:
    outer = torch.Generator().manual_seed(1)
    before = outer.get_state()
    with noise_from(outer):
        numbers = (
            torch.rand(3, generator=torch.Generator().manual_seed(2)),
            torch.empty(3).normal_(generator=torch.default_generator),
        )
    assert torch.equal(numbers[0], torch.rand(3, generator=torch.Generator().manual_seed(2)))
    assert torch.equal(outer.get_state(), before)


def test_other_threads_are_unaffected_and_have_no_effect() -> None:
    numbers: list[Tensor] = []

    def other_thread() -> None:
        torch.manual_seed(5)
        numbers.append(torch.rand(3))

    with noise_from(torch.Generator().manual_seed(3)):
        first = torch.rand(3)
        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
        second = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(numbers[0], torch.rand(3))
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(
        torch.stack([first, second]), torch.stack([torch.rand(3, generator=generator) for _ in range(2)])
    )


def test_meta_tensors_do_not_advance_the_generator() -> None:
    generator = torch.Generator().manual_seed(3)
    before = generator.get_state()
    with noise_from(generator), torch.device("meta"):
        layer = nn.Linear(3, 4)
    assert layer.weight.is_meta
    assert torch.equal(generator.get_state(), before)

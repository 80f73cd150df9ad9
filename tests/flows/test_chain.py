from __future__ import annotations

from functools import partial

import torch
from cases import checkered, made, normal, uniform

from genera.flows import Chain, Logit, Split, Squeeze


def test_each_transform_is_built_for_the_output_shape_of_the_previous() -> None:
    chain = Chain((1, 8, 12), [Logit, Squeeze, Squeeze, partial(Split, transforms=[])])
    assert [transform.shape for transform in chain.transforms] == [(1, 8, 12), (1, 8, 12), (4, 4, 6), (16, 2, 3)]
    assert chain.shape == (1, 8, 12)
    assert chain.out_shape == (96,)


def test_a_chain_composes_transforms_and_sums_log_determinants() -> None:
    chain = made(lambda: Chain((1, 4, 4), [Logit, partial(checkered, count=1), partial(checkered, count=2)]))
    first, second, third = chain.transforms
    x = uniform(3, 1, 4, 4)
    h, first_log_det = first(x)
    h, second_log_det = second(h)
    h, third_log_det = third(h)
    y, log_det = chain(x)
    assert torch.equal(y, h)
    torch.testing.assert_close(log_det, first_log_det + second_log_det + third_log_det)


def test_an_empty_chain_is_the_identity() -> None:
    x = normal(2, 3, 4)
    for y, log_det in (Chain((3, 4), [])(x), Chain((3, 4), []).inverse(x)):
        assert torch.equal(y, x)
        assert torch.equal(log_det, torch.zeros(2, dtype=torch.float64))
    assert Chain((3, 4), []).out_shape == (3, 4)

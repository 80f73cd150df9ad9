from __future__ import annotations

from itertools import chain, islice

import pytest
import torch

from genera.data import ImageSplit, SequentialBatches, ShuffledBatches
from genera.data.batches import first_batch


def numbered(count: int, *, labelled: bool = True) -> ImageSplit:
    """Images of one pixel; pixel and label are the number of the image."""
    index = torch.arange(count)
    return ImageSplit(index.view(-1, 1, 1, 1).to(torch.uint8), index if labelled else None)


def numbers(batches) -> list[list[int]]:
    return [pixels.flatten().tolist() for pixels, _ in batches]


def test_each_epoch_has_a_different_permutation():
    batches = ShuffledBatches(numbered(20), batch_size=5, seed=1)
    steps = numbers(islice(batches, 8))
    epochs = [list(chain(*steps[:4])), list(chain(*steps[4:]))]
    assert [sorted(epoch) for epoch in epochs] == [list(range(20))] * 2
    assert epochs[0] != epochs[1]


def test_an_incomplete_last_batch_is_dropped():
    batches = ShuffledBatches(numbered(23), batch_size=5)
    assert batches.steps_per_epoch == 4
    assert len(set(chain(*numbers(islice(batches, 4))))) == 20


@pytest.mark.parametrize("step", [0, 1, 3, 4, 5, 11])
def test_starting_at_a_step_equals_skipping_to_it(step):
    uninterrupted = numbers(islice(ShuffledBatches(numbered(21), batch_size=5, seed=7), 16))
    resumed = ShuffledBatches(numbered(21), batch_size=5, seed=7, start_step=step)
    assert numbers(islice(resumed, 16 - step)) == uninterrupted[step:]
    assert numbers(islice(resumed, 3)) == uninterrupted[step : step + 3]  # iterating does not change the state


def test_the_seed_determines_the_batches():
    def run(seed: int) -> list[list[int]]:
        return numbers(islice(ShuffledBatches(numbered(30), batch_size=5, seed=seed), 12))

    assert run(3) == run(3)
    assert run(3) != run(4)
    assert run(3)[6:] != run(4)[:6]


def test_ranks_share_the_global_batch():
    whole = numbers(islice(ShuffledBatches(numbered(24), batch_size=6, seed=2), 5))
    ranks = [
        numbers(islice(ShuffledBatches(numbered(24), batch_size=6, seed=2, rank=rank, world_size=3), 5))
        for rank in range(3)
    ]
    for step, batch in enumerate(whole):
        assert [part[step] for part in ranks] == [batch[0::3], batch[1::3], batch[2::3]]


def test_labels_match_their_images_and_may_be_absent():
    for pixels, labels in islice(ShuffledBatches(numbered(12), batch_size=4), 3):
        assert pixels.shape == (4, 1, 1, 1)
        assert pixels.dtype == torch.uint8
        assert torch.equal(labels, pixels.flatten().long())
    assert next(iter(ShuffledBatches(numbered(12, labelled=False), batch_size=4)))[1] is None


def test_an_infinite_stream_has_no_length():
    assert not hasattr(ShuffledBatches(numbered(4), batch_size=4), "__len__")


def test_fewer_images_than_a_batch_are_refused(complains):
    with complains("not enough images for a batch: got 20, need 128", "lower --batch_size to 20"):
        ShuffledBatches(numbered(20), batch_size=128)


@pytest.mark.parametrize("kind", [ShuffledBatches, SequentialBatches])
def test_invalid_batch_sizes_and_ranks_are_refused(kind, complains):
    with complains("--batch_size must be a multiple of the 3 processes, got 4"):
        kind(numbered(20), batch_size=4, world_size=3)
    with complains("got rank 2 of 2"):
        kind(numbered(20), batch_size=4, world_size=2, rank=2)
    with complains("--batch_size must be at least 1, got 0"):
        kind(numbered(20), batch_size=0)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"start_step": -1}])
def test_a_negative_seed_or_step_is_refused(wrong, complains):
    with complains("must not be negative", "-1"):
        ShuffledBatches(numbered(20), batch_size=4, **wrong)


def test_sequential_batches_pass_once_and_keep_the_last_batch():
    batches = SequentialBatches(numbered(11), batch_size=4)
    assert numbers(batches) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    assert len(batches) == 3
    assert [labels.tolist() for _, labels in batches] == numbers(batches)
    assert [labels for _, labels in SequentialBatches(numbered(3, labelled=False), batch_size=2)] == [None, None]


@pytest.mark.parametrize("count", [3, 8, 9, 10, 11, 12])
def test_sequential_batches_have_equally_many_steps_with_images_in_every_process(count):
    ranks = [SequentialBatches(numbered(count), batch_size=6, rank=rank, world_size=3) for rank in range(3)]
    steps = [numbers(rank) for rank in ranks]
    assert len({len(batches) for batches in steps} | {len(rank) for rank in ranks}) == 1
    assert all(batch for batches in steps for batch in batches)
    assert sorted(number for batches in steps for batch in batches for number in batch) == list(range(count))


def test_sequential_batches_of_fewer_images_than_processes_are_refused(complains):
    with complains("each of the 3 processes, got 2"):
        SequentialBatches(numbered(2), batch_size=3, world_size=3)


def test_the_first_batch_is_the_first_of_training():
    pixels, labels = first_batch(numbered(20), 6, 5)
    expected, _ = next(iter(ShuffledBatches(numbered(20), batch_size=6, seed=5)))
    assert torch.equal(pixels, expected)
    assert torch.equal(labels, pixels.flatten().long())
    assert len(first_batch(numbered(4), 6, 5)[0]) == 4

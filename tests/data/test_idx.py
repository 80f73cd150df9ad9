from __future__ import annotations

import struct

import pytest
import torch

from genera.data.idx import parse_idx


def idx(*shape: int, content: bytes) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + content


def test_bytes_are_read_in_the_shape_of_the_header():
    array = parse_idx(idx(2, 3, content=bytes(range(6))), "toy")
    assert array.dtype == torch.uint8
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    array.zero_()  # it is not a view of immutable bytes


@pytest.mark.parametrize("length", [5, 7, 0])
def test_a_header_inconsistent_with_the_length_is_refused(length, complains):
    with complains("images.gz", "2 × 3 = 6 bytes", f"got {length}"):
        parse_idx(idx(2, 3, content=bytes(length)), "images.gz")


def test_a_header_with_a_huge_size_is_refused(complains):
    with complains("toy", "got 4"):
        parse_idx(idx(2**32 - 1, 2**32 - 1, content=bytes(4)), "toy")


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"\x89PNG....", b"\0\0\x0d\x01\0\0\0\x01...."])
def test_other_formats_are_refused(content, complains):
    with complains("toy is not an IDX file of bytes", "00 00 08"):
        parse_idx(content, "toy")


@pytest.mark.parametrize("content", [b"\0\0\x08\x02\0\0\0\x01", b"\0\0\x08\x00"])
def test_a_truncated_header_is_refused(content, complains):
    with complains("toy ends within its header"):
        parse_idx(content, "toy")

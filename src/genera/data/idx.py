"""The IDX file format of MNIST and its successors."""

from __future__ import annotations

import math
import struct

import numpy as np
import torch
from torch import Tensor

_UNSIGNED_BYTE = 0x08


def parse_idx(content: bytes, name: str) -> Tensor:
    """Read an array of bytes from the content of an IDX file.

    Args:
        content: the file, decompressed.
        name: of the file, for messages.

    Returns:
        uint8, of the shape in the header.

    Raises:
        ValueError: it is not an IDX file of unsigned bytes, or its header and length are inconsistent.

    Source:
        The header is two zero bytes, the type, the number of dimensions, and each dimension as a big-endian 32-bit
        integer (LeCun, Cortes & Burges, "The MNIST database").
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise ValueError(f"{name} is not an IDX file of bytes: it must start with 00 00 08, got {content[:3].hex(' ')}")
    num_dims = content[3]
    start = 4 + 4 * num_dims
    if num_dims == 0 or len(content) < start:
        raise ValueError(f"{name} ends within its header, which states {num_dims} dimensions: got {len(content)} bytes")
    shape = struct.unpack(f">{num_dims}I", content[4:start])
    expected = math.prod(shape)
    if len(content) - start != expected:
        size = " × ".join(map(str, shape))
        raise ValueError(
            f"{name} does not match its header: expected {size} = {expected} bytes, got {len(content) - start}"
        )
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy())

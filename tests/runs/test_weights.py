"""Weights that are damaged, malicious or from another model."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from cases import IMAGE_MODELS, complains, perturb
from safetensors.torch import save_file
from torch import Tensor, nn

from genera.runs import weights
from genera.runs.checkpoints import read_checkpoint
from genera.runs.weights import digest_path, load_weights, record_digest, save_weights


class Trap:
    """Creates a folder when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (os.mkdir, (str(self.trace),))


def test_round_trip(tmp_path: Path) -> None:
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(model, tmp_path / "model.safetensors")
    load_weights(other, tmp_path / "model.safetensors")
    assert torch.equal(model.weight, other.weight)


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_every_model_round_trips_in_channels_last_format(name: str, tmp_path: Path) -> None:
    model, other = (IMAGE_MODELS[name]()[0] for _ in range(2))
    # The format of training; a copy, because cases share some of their parts.
    model = copy.deepcopy(model).to(memory_format=torch.channels_last)
    perturb(model, seed=1)
    save_weights(model, tmp_path / "model.safetensors")
    load_weights(other := copy.deepcopy(other), tmp_path / "model.safetensors")
    for (key, value), restored in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(value, restored), key


def test_unpickling_the_trap_creates_the_folder(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


def recorded(path: Path) -> Path:
    """Write the digest of a file, as in a run."""
    record_digest(path)
    return path


def test_a_pickle_is_never_unpickled(tmp_path: Path) -> None:
    trace = tmp_path / "sprung"
    torch.save({"weight": Trap(trace), "global_step": 1}, tmp_path / "hostile")
    with pytest.raises(ValueError, match="damaged or is not a safetensors file"):
        load_weights(nn.Linear(3, 2), recorded(tmp_path / "hostile"))
    with pytest.raises(ValueError, match="is damaged"):
        read_checkpoint(tmp_path / "hostile", {})
    assert not trace.exists()


def test_truncated_and_missing_weights_and_those_of_another_model(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with complains("there are no weights at"):
        load_weights(nn.Linear(3, 2), path)
    save_weights(nn.Linear(3, 2), path)
    with complains("another model or image size"):
        load_weights(nn.Linear(4, 2), path)
    path.write_bytes(path.read_bytes()[:-5])
    with complains("damaged or is not a safetensors file"):
        load_weights(nn.Linear(3, 2), recorded(path))


@pytest.mark.parametrize("where", [0, 40, -1], ids=["length", "header", "numbers"])
def test_a_flipped_bit_is_detected(where: int, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_weights(nn.Linear(3, 2), path)
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)
    with complains(f"{path} is damaged", "its SHA-256 is not the one in model.sha256"):
        load_weights(nn.Linear(3, 2), path)


@pytest.mark.parametrize("content", [None, b"", b"\n\n", b"\xff\xfe", b"0  model.safetensors"])
def test_a_missing_or_damaged_digest_is_detected(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_weights(nn.Linear(3, 2), path)
    digest_path(path).unlink()
    if content is not None:
        digest_path(path).write_bytes(content)
    with complains("model.sha256"):
        load_weights(nn.Linear(3, 2), path)


def test_sha256sum_can_check_the_digest(tmp_path: Path) -> None:
    save_weights(nn.Linear(3, 2), tmp_path / "model.safetensors")
    check = ["sha256sum", "--check", "--strict", "model.sha256"]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode == 0


def test_a_kill_between_the_two_files_loses_neither_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, record = tmp_path / "model.safetensors", weights._write_digests
    old, new = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(old, path)

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        # Before the new weights replace the old ones ...
        replace = Path.replace
        patched.setattr(Path, "replace", lambda self, to: killed() if to == path else replace(self, to))
        with pytest.raises(KeyboardInterrupt):
            save_weights(new, path)
    loaded = nn.Linear(3, 2)
    load_weights(loaded, path)
    assert torch.equal(loaded.weight, old.weight)
    with monkeypatch.context() as patched:
        # ... and after it.
        patched.setattr(
            weights, "_write_digests", lambda path, digests: killed() if len(digests) == 1 else record(path, digests)
        )
        with pytest.raises(KeyboardInterrupt):
            save_weights(new, path)
    load_weights(loaded, path)
    assert torch.equal(loaded.weight, new.weight)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.full((2, 3), float("nan")), "tensor 'weight' holds numbers that are not finite"),
        (torch.tensor([[1.0, 2, 3], [4, float("-inf"), 6]]), "tensor 'weight' holds numbers that are not finite"),
        # Finite in float64, infinite in the model's precision.
        (torch.full((2, 3), 1e300, dtype=torch.float64), "tensor 'weight' holds numbers that are not finite"),
        (torch.ones(2, 3, dtype=torch.int64), "tensor 'weight' holds torch.int64, but the model has torch.float32"),
        (torch.ones(2, 3, dtype=torch.bool), "tensor 'weight' holds torch.bool"),
    ],
)
def test_invalid_values_are_rejected(tensor: Tensor, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"weight": tensor, "bias": torch.zeros(2)}, path)
    with complains(message):
        load_weights(nn.Linear(3, 2), recorded(path))


def test_half_precision_loads(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.ones(2, 3, dtype=torch.float16), "bias": torch.zeros(2)}, path)
    model = nn.Linear(3, 2)
    load_weights(model, recorded(path))
    assert model.weight.dtype == torch.float32
    assert model.weight.unique().tolist() == [1.0]


def test_weights_that_are_far_too_large_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        # A sparse file, which takes no space on the disk.
        file.truncate(8 * 2**30)
    with complains("larger than any weights of the model"):
        load_weights(nn.Linear(3, 2), path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_digest_that_is_not_a_regular_file_is_rejected(make: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_weights(nn.Linear(3, 2), path)
    digest_path(path).unlink()
    make(digest_path(path))
    with complains("model.sha256 is missing or damaged"):
        load_weights(nn.Linear(3, 2), path)

"""The Python interface: imported when used, and results that display in a notebook."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import genera
from genera.data import find_dataset


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "lightning", "matplotlib", "jsonargparse")
    program = f"import sys, genera, json; print(json.dumps([name for name in {heavy!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_loading_a_model_imports_no_lightning() -> None:
    program = "import sys, genera; genera.load('realnvp-digits'); print('lightning' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", genera.__all__)
def test_every_function_is_listed_documented_and_has_an_example(name: str) -> None:
    function = getattr(genera, name)
    assert name in dir(genera)
    documented = inspect.getdoc(function) or ""
    assert all(part in documented for part in ("Args:", "Returns:", "Raises:", "Example:", f"genera.{name}("))
    assert all(parameter in documented for parameter in inspect.signature(function).parameters)


def test_threads_may_be_the_first_to_use_it() -> None:
    program = """
import threading, genera
together, failed = threading.Barrier(6), []
def use(name):
    together.wait()
    try:
        getattr(genera, name)
    except Exception as error:
        failed.append(f"{name}: {error!r}")
threads = [threading.Thread(target=use, args=(name,)) for name in genera.__all__]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(failed)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        genera.trian  # noqa: B018


def test_samples_are_an_array_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = genera.sample("cgan-fm-mnist", count=5, labels=[0, 1], seed=2)
    assert np.asarray(samples).shape == (len(samples), 1, 28, 28) == (5, 1, 28, 28)
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1, 0, 1, 0]
    (tmp_path / "shown.png").write_bytes(samples._repr_png_())
    samples.save(str(tmp_path / "saved.png"))
    again = genera.sample("cgan-fm-mnist", count=5, labels=[0, 1], seed=2, out=str(tmp_path / "out.png"))
    assert again.path == tmp_path / "out.png"
    assert np.array_equal(Image.open(tmp_path / "out.png"), Image.open(tmp_path / "saved.png"))
    assert np.array_equal(Image.open(tmp_path / "shown.png"), Image.open(tmp_path / "saved.png"))
    # Only progress is printed.
    assert not capsys.readouterr().out


def test_an_evaluation_has_values_reasons_and_a_table() -> None:
    evaluation = genera.evaluate("realnvp-digits", data="digits", measures=["bits_per_dim@1", "accuracy"])
    assert evaluation["bits_per_dim@1"] == evaluation.measures["bits_per_dim@1"]
    assert json.loads(evaluation.as_json())["measures"]["bits_per_dim@1"]["value"] == evaluation["bits_per_dim@1"]
    assert list(evaluation.unavailable) == ["accuracy"]
    for shown in (str(evaluation), evaluation._repr_html_()):
        assert f"{evaluation['bits_per_dim@1']:.2f}" in shown
        assert evaluation.unavailable["accuracy"] in shown
    assert "<table" in evaluation._repr_html_()
    assert evaluation.path is None
    with pytest.raises(KeyError):
        evaluation["accuracy"]


def test_a_data_set_may_be_given_as_an_object() -> None:
    digits = find_dataset("digits")()
    by_name, by_object = (
        genera.evaluate("realnvp-digits", data=data, split="validation", measures="bits_per_dim@1")
        for data in ("digits", digits)
    )
    assert by_name.measures == by_object.measures


def test_a_comparison_and_figures_display(tmp_path: Path) -> None:
    models: list[str | Path] = ["realnvp-digits", tmp_path / "run"]
    genera.train("vae_digits", overrides={"max_steps": 2, "validation_images": 16}, out=tmp_path / "run")
    report = genera.compare(models, out=tmp_path / "comparison", measures="bits_per_dim@1")
    assert set(report.values()) == {"realnvp-digits", "run"}
    shown = report._repr_html_()
    assert all(f'<th scope="col">{name}<small>' in shown for name in report.values())
    assert "<li>" in shown
    assert all(path.is_file() for path in report.paths)
    files = genera.figures(["realnvp-digits"], out=str(tmp_path / "figures"))
    pictures = [path for path in files if path.suffix == ".png"]
    assert files._repr_html_().count("data:image/png;base64,") == len(pictures) > 0


def test_functions_run_in_threads_at_once() -> None:
    alone = [genera.sample("vae-mnist", count=4, seed=seed).pixels for seed in (0, 1)]
    found: dict[int, torch.Tensor] = {}
    threads = [
        threading.Thread(
            target=lambda seed=seed: found.update({seed: genera.sample("vae-mnist", count=4, seed=seed).pixels})
        )
        for seed in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[seed], alone[seed]) for seed in (0, 1))


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    out = tmp_path / "run"
    for said, call in {
        "use the command genera train": lambda: genera.train("vae_digits", overrides={"num_devices": 2}, out=out),
        "either a recipe to train or a run": lambda: genera.train("vae_digits", resume=tmp_path),
        "path": lambda: genera.train("vae_digits", overrides={"data.name": "folder"}, out=out),
        "required": lambda: genera.evaluate("realnvp-digits", data="folder"),
        "there is no measure 'msee'": lambda: genera.evaluate("realnvp-digits", measures=["msee"]),
    }.items():
        with pytest.raises(ValueError, match=said) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert not out.exists()

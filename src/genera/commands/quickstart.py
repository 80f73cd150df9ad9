"""``genera quickstart``."""

from __future__ import annotations

from pathlib import Path

from genera.commands.compare import compare
from genera.commands.figures import figures
from genera.commands.train import stopped
from genera.core.devices import choose_device
from genera.evaluation import MEASURES, EvaluationProtocol, classifier_of, evaluate
from genera.runs.run_directory import RunDirectory
from genera.training.start import train
from genera.zoo import find_model

#: One of each family.
RECIPES = ("realnvp_digits", "vae_digits", "cgan_digits")
#: What to say of each that has an answer, by measure.
SENTENCES = {
    "bits_per_dim@8": "test bits/dim {value:.3f} (95 % interval {low:.3f} … {high:.3f})",
    "recognised": "{value:.1%} of samples are recognised as some digit (95 % interval {low:.1%} … {high:.1%})",
    "modes": "{value:.3g} digits have 2 % or more of the samples each (95 % interval {low:.3g} … {high:.3g})",
    "class_agreement": "{value:.1%} of samples are read as the digit asked for (95 % interval {low:.1%} … {high:.1%})",
}


def quickstart(*, budget: str = "45s", out: Path | None = None, device: str = "auto") -> int:
    """Train a small flow, VAE and GAN on the embedded digits, sample from them and compare them: offline, in minutes.

    Args:
        budget: time to train each, such as 45s or 3m.
        out: folder for the runs; a numbered one in $GENERA_RUNS or ./runs by default.
        device: auto, cpu, cuda or mps; auto takes a GPU if there is one.

    Returns:
        The exit code.
    """
    chosen = choose_device(device)
    folder = (RunDirectory.create_numbered("quickstart") if out is None else RunDirectory.create(out)).path
    for recipe in RECIPES:
        result = train(recipe, budget=budget, out=folder / recipe, overrides={"device": device})
        if result.stop_reason in ("SIGINT", "SIGTERM"):
            return stopped(result)
    for recipe in RECIPES:
        trained = find_model(str(folder / recipe))
        data = trained.open_data()
        protocol = EvaluationProtocol(data, classifier=classifier_of(data.name), device=chosen)
        found = evaluate(trained, protocol, [MEASURES[name] for name in SENTENCES])["measures"]
        for name, values in found.items():
            print(f"{recipe}: {SENTENCES[name].format(**values)}")
        for path in figures([trained.run.path], device=device):
            print(path)
    compare([str(folder / recipe) for recipe in RECIPES], out=folder / "comparison", device=device)
    print(f"runs: {folder}")
    return 0

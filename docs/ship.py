"""Make a finished, evaluated run a model of the zoo: ``python docs/ship.py RUN KIND-DATA``.

Copies what loading needs into ``src/genera/zoo/weights`` and writes the model's card from the files of the run.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from genera.data.pictures import image_grid, save_picture
from genera.evaluation import draw
from genera.zoo import find_model

WEIGHTS = Path(__file__).parents[1] / "src" / "genera" / "zoo" / "weights"
FILES = ("config.yaml", "model.safetensors", "environment.json")


def ship(run: Path, name: str) -> Path:
    """Copy a run into the zoo.

    Returns:
        Its folder there.

    Raises:
        ValueError: the run is not one, or was evaluated on other images than the test split it was trained beside.
    """
    trained = find_model(str(run))
    evaluation = json.loads(trained.run.evaluation.read_text())
    if (evaluation["split"], evaluation["data"]) != ("test", trained.config["data"]["name"]):
        raise ValueError(f"{run} must be evaluated on the test split of its own data, got {evaluation['data']}")
    folder = WEIGHTS / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copy(run / file, folder / file)
    (folder / "evaluation.json").write_text(json.dumps(evaluation | {"model": name}, indent=2) + "\n")
    environment = json.loads((run / "environment.json").read_text())
    (folder / "card.md").write_text(card(name, trained.config, environment, evaluation))
    save_picture(image_grid(draw(trained.load(), 64), levels=trained.spec.levels), folder / "samples.png")
    return folder


def card(name: str, config: dict, environment: dict, evaluation: dict) -> str:
    """What a user should know of a model before using it."""
    measures = "".join(
        f"| {measure} | {found['value']:.4f} | {found['low']:.4f} … {found['high']:.4f} | {found['n']:,} |\n"
        for measure, found in evaluation["measures"].items()
    )
    wall, cpu = (f"{environment[f'{kind}_seconds'] / 60:.1f} minutes" for kind in ("wall", "cpu"))
    machine = f"{environment['hardware']['threads']} threads of an {environment['hardware']['processor']}"
    return f"""\
# {name}

Recipe `{config["recipe"]}` on `{config["data"]["name"]}`, seed {environment["seed"]}; settings are in `config.yaml`.
{environment["parameters"]:,} parameters; licence Apache-2.0.

Trained for {wall} ({cpu} of processor time) on {machine}:
{environment["steps"]:,} steps, {environment["images_per_second"]:.0f} images/s.

| measure, test split | value | 95 % interval | images |
|---|---|---|---|
{measures}
![samples](samples.png)
"""


if __name__ == "__main__":
    run_path, zoo_name = sys.argv[1:]
    print(ship(Path(run_path), zoo_name))

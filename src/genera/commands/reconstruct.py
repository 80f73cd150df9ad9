"""``genera reconstruct``."""

from __future__ import annotations

from pathlib import Path

from genera.core.devices import choose_device
from genera.data import ImageDataset
from genera.data.image_grid import check_image_count, check_is_png, pair_grid, save_picture
from genera.evaluation import check_fits, reconstruct_images
from genera.evaluation.metrics import squared_error
from genera.zoo import find_model


def reconstruct(
    model: str,
    *,
    data: ImageDataset | None = None,
    split: str = "test",
    count: int = 32,
    out: Path = Path("reconstructions.png"),
    device: str = "auto",
    allow: list[str] | None = None,
) -> None:
    """Encode and decode images with a trained model: each image above its reconstruction.

    Args:
        model: a run directory, or a name that `genera models` lists.
        data: data set; default: the one the model was trained on.
        split: train, validation or test.
        count: number of images, at most 10,000.
        out: the PNG file to write.
        device: auto, cpu, cuda or mps; auto takes a GPU if there is one.
        allow: packages the model's config may name besides genera; only trusted ones.
    """
    check_image_count(count)
    check_is_png(out)
    trained = find_model(model)
    loaded = trained.load(device=choose_device(device), allow=allow or ())
    data = trained.data_or_own(data, split)
    check_fits(loaded.spec, data)
    images = data.split(split).first(count)
    reconstructions = reconstruct_images(loaded, images)
    save_picture(pair_grid(images.pixels, reconstructions, levels=loaded.spec.levels), out)
    error = squared_error(images.pixels, reconstructions, levels=loaded.spec.levels).mean()
    print(f"mean squared error on [0, 1]: {error:.6f} over {len(images)} images")
    print(out)

"""Decoding of folders and zips of pictures into tensors."""

from __future__ import annotations

import logging
import math
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm.auto import tqdm

from genera.data.memory import check_fits_in_memory

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
# By default Pillow tries all of its decoders, one of which runs Ghostscript; these are safe.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_GREY_MODES = ("1", "L", "LA", "La", *_SIXTEEN_BIT_MODES)
MAX_PICTURE_PIXELS = 64_000_000
MAX_FILE_BYTES = 256_000_000
#: Reading at least this many pictures shows a progress bar.
_PROGRESS_BAR_PICTURES = 300

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A picture file that has not been read yet.

    Args:
        name: of the file, for messages.
        parts: its path relative to the folder or zip, e.g. ``("cats", "1.png")``.
        read: returns the content of the file.
    """

    name: str
    parts: tuple[str, ...]
    read: Callable[[], bytes]


def list_pictures(path: Path) -> list[Source]:
    """All pictures in a folder, its subfolders, or a zip, sorted by path, without hidden files.

    Raises:
        ValueError: ``path`` is neither a folder nor a zip, or contains no pictures.
    """
    if path.is_dir():
        sources = [_in_folder(path, file) for file in path.rglob("*") if file.is_file()]
    elif path.is_file() and zipfile.is_zipfile(path):
        sources = _in_zip(path)
    else:
        state = "it is neither" if path.exists() else "it does not exist"
        raise ValueError(f"pictures are read from a folder or a zip file, got {path}: {state}")
    sources = [source for source in sources if _is_picture(source.parts)]
    if not sources:
        raise ValueError(f"there are no pictures in {path}; expected files ending in {', '.join(SUFFIXES)}")
    return sorted(sources, key=lambda source: source.parts)


def read_pictures(
    sources: Sequence[Source],
    *,
    size: int | None = None,
    crop: int | None = None,
    channels: int | None = None,
    skip_bad: bool = False,
    copies: int = 1,
) -> tuple[Tensor, list[int]]:
    """Read pictures into one tensor, rotated as their EXIF data state, with transparency on white.

    Args:
        sources: the files.
        size: height and width of the result: the shorter side is resized to it and the longer side cropped around the
            centre. With ``None`` all pictures must have the same size.
        crop: side of a centre square that is cropped first, in pixels.
        channels: 1 for grey, 3 for colour; ``None`` means grey if every picture is stored as grey.
        skip_bad: skip pictures that cannot be read, and log their number.
        copies: number of copies that the caller will have in memory at the same time.

    Returns:
        uint8 ``(N, C, H, W)``, and the indices of their sources.

    Raises:
        ValueError: a picture cannot be read or is too large, sizes differ, an argument is out of range, or memory is
            not sufficient.
    """
    if size is not None and size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    if crop is not None and not 1 <= crop <= math.isqrt(MAX_PICTURE_PIXELS):
        raise ValueError(f"crop must be between 1 and {math.isqrt(MAX_PICTURE_PIXELS)} pixels, got {crop}")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (colour), got {channels}")
    side = crop if size is None else size
    if side is not None:
        _check_fits(len(sources), (channels or 3, side, side), copies=copies)
    pixels = torch.empty(0)
    kept: list[int] = []
    bad: list[str] = []
    all_grey = True
    # `disable=None` shows the bar on terminals only.
    no_bar = len(sources) < _PROGRESS_BAR_PICTURES or None
    for index, source in enumerate(tqdm(sources, "reading pictures", disable=no_bar)):
        try:
            picture, is_grey = _decode(source, size=size, crop=crop, channels=channels)
        except ValueError as error:
            if not skip_bad:
                raise ValueError(f"{error}; replace it, remove it, or give --data.skip_bad true") from error
            bad.append(source.name)
            continue
        if not kept:
            _check_fits(len(sources), picture.shape, copies=copies)
            pixels = torch.empty((len(sources), *picture.shape), dtype=torch.uint8)
        elif picture.shape != pixels.shape[1:]:
            sizes = [f"{width} × {height}" for _, height, width in (pixels[0].shape, picture.shape)]
            raise ValueError(
                f"the pictures must have one size, but {sources[kept[0]].name} is {sizes[0]} and {source.name} is "
                f"{sizes[1]}; give --data.size 32 to resize them all"
            )
        pixels[len(kept)] = picture
        kept.append(index)
        all_grey = all_grey and is_grey
    # File names may contain control sequences of terminals.
    printable = [name if name.isprintable() else repr(name) for name in bad[:3]]
    examples = ", ".join(printable) + (", …" if len(bad) > 3 else "")
    if not kept:
        raise ValueError(f"at least one picture must be readable, got {len(sources)} that are not: {examples}")
    if bad:
        logger.warning("skipped %d of %d pictures that cannot be read: %s", len(bad), len(sources), examples)
    make_grey = channels is None and all_grey
    return pixels[: len(kept), : 1 if make_grey else None].contiguous(), kept


def _in_folder(folder: Path, file: Path) -> Source:
    def read() -> bytes:
        if (size := file.stat().st_size) > MAX_FILE_BYTES:
            raise ValueError(f"it has {size} bytes, more than {MAX_FILE_BYTES}")
        return file.read_bytes()

    return Source(str(file), file.relative_to(folder).parts, read)


def _in_zip(path: Path) -> list[Source]:
    """The entries of a zip. Nothing is unpacked to disk, so malicious paths have no effect."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"cannot read {path}: {error}; it is not a zip file or is truncated") from error

    def reader(entry: zipfile.ZipInfo) -> Callable[[], bytes]:
        def read() -> bytes:
            # The stated size is a limit: zipfile reads no further.
            if entry.file_size > MAX_FILE_BYTES:
                raise ValueError(f"it unpacks to {entry.file_size} bytes, more than {MAX_FILE_BYTES}")
            return archive.read(entry)

        return read

    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    return [Source(f"{path}/{entry.filename}", PurePosixPath(entry.filename).parts, reader(entry)) for entry in entries]


def _is_picture(parts: tuple[str, ...]) -> bool:
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return not is_hidden and parts[-1].lower().endswith(SUFFIXES)


def _decode(source: Source, *, size: int | None, crop: int | None, channels: int | None) -> tuple[Tensor, bool]:
    """Read one picture as uint8 ``(C, H, W)``, with 3 channels unless ``channels`` is 1; and whether it is grey."""
    try:
        content = source.read()
        if not content:
            raise ValueError("it is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(BytesIO(content), formats=_FORMATS)
        # Pillow's own limit can be changed by other code in the process.
        if opened.width * opened.height > MAX_PICTURE_PIXELS:
            raise ValueError(f"{opened.width} × {opened.height} is more than {MAX_PICTURE_PIXELS} pixels")
        is_grey = opened.mode in _GREY_MODES
        picture = _flatten(ImageOps.exif_transpose(opened)).convert("L" if channels == 1 else "RGB")
    # For a damaged file the decoders raise many types of exceptions.
    except Exception as error:
        is_unknown = isinstance(error, UnidentifiedImageError)
        reason = "it is not a picture" if is_unknown else " ".join(str(error).split()).rstrip(".")
        raise ValueError(f"cannot read the picture {source.name}: {reason or type(error).__name__}") from error
    if crop is not None:
        left, top = (picture.width - crop) // 2, (picture.height - crop) // 2
        picture = picture.crop((left, top, left + crop, top + crop))
    if size is not None:
        picture = ImageOps.fit(picture, (size, size), method=Image.Resampling.LANCZOS)
    array = np.array(picture)
    return torch.from_numpy(array if array.ndim == 3 else array[..., None]).permute(2, 0, 1), is_grey


def _check_fits(count: int, shape: Sequence[int], *, copies: int) -> None:
    """Check that ``count`` pictures of shape ``(C, H, W)`` fit into memory."""
    channels, height, width = shape
    what = f"{count:,} pictures of {width} × {height} pixels{' in colour' if channels == 3 else ''}"
    hint = "choose a smaller --data.size, or fewer pictures"
    check_fits_in_memory(count * channels * height * width, what, hint=hint, copies=copies)


def _flatten(picture: Image.Image) -> Image.Image:
    """Compose transparent pictures on white, and reduce 16 bits to 8, which Pillow would clip."""
    if picture.mode in _SIXTEEN_BIT_MODES:
        return Image.fromarray((np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("its pixels are real numbers; save it with 8 bits per channel")
    if picture.has_transparency_data:
        front = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", front.size, "white"), front)
    return picture

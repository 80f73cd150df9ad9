from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from genera.data import picture_decoding
from genera.data.picture_decoding import list_pictures, read_pictures


def save(path: Path, *, mode: str = "RGB", size: tuple[int, int] = (4, 4), colour=0, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def png_header(width: int, height: int) -> bytes:
    """A PNG that states any size, such as a decompression bomb."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def read(folder: Path, **options) -> torch.Tensor:
    return read_pictures(list_pictures(folder), **options)[0]


def test_pictures_are_listed_by_path_without_hidden_and_other_files(tmp_path):
    for name in ("b/2.PNG", "b/10.png", "a.jpg", ".hidden/c.png", "b/._c.png"):
        save(tmp_path / name, format="PNG")
    (tmp_path / "notes.txt").write_text("no picture")
    assert [source.parts for source in list_pictures(tmp_path)] == [("a.jpg",), ("b", "10.png"), ("b", "2.PNG")]


def test_an_empty_folder_is_refused(tmp_path, complains):
    (tmp_path / "notes.txt").write_text("no picture")
    with complains(f"there are no pictures in {tmp_path}", ".png"):
        list_pictures(tmp_path)


def test_other_files_than_zips_are_refused(tmp_path, complains):
    with complains("a folder or a zip file", str(tmp_path / "missing"), "does not exist"):
        list_pictures(tmp_path / "missing")
    (tmp_path / "x.zip").write_bytes(b"PK no zip")
    with complains("a folder or a zip file", "x.zip: it is neither"):
        list_pictures(tmp_path / "x.zip")


def test_the_result_is_grey_only_if_all_pictures_are(tmp_path):
    save(tmp_path / "1.png", mode="L", colour=7)
    assert read(tmp_path).shape == (1, 1, 4, 4)
    assert read(tmp_path, channels=3).shape == (1, 3, 4, 4)
    save(tmp_path / "2.png", colour=(1, 2, 3))
    pixels = read(tmp_path)
    assert pixels[:, :, 0, 0].tolist() == [[7, 7, 7], [1, 2, 3]]
    assert pixels.is_contiguous()
    assert read(tmp_path, channels=1).shape == (2, 1, 4, 4)


def test_transparent_pictures_are_composed_on_white(tmp_path):
    save(tmp_path / "1.png", mode="RGBA", colour=(200, 0, 0, 0))
    save(tmp_path / "2.png", mode="RGBA", colour=(200, 0, 0, 255))
    save(tmp_path / "3.png", mode="LA", colour=(0, 0))
    assert read(tmp_path)[:, :, 0, 0].tolist() == [[255, 255, 255], [200, 0, 0], [255, 255, 255]]


def test_sixteen_bits_are_reduced_to_eight(tmp_path):
    Image.fromarray(np.full((4, 4), 0x7FFF, np.uint16)).save(tmp_path / "1.png")
    assert read(tmp_path).unique().tolist() == [0x7F]


def test_real_numbers_are_refused(tmp_path, complains):
    save(tmp_path / "1.tif", mode="F")
    with complains("1.tif", "real numbers"):
        read(tmp_path)


def test_the_exif_rotation_is_applied(tmp_path):
    picture = Image.new("L", (4, 2), 0)
    picture.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate clockwise
    picture.save(tmp_path / "1.png", exif=exif)
    pixels = read(tmp_path)[0, 0]
    assert pixels.shape == (4, 2)
    assert pixels[0, 1] == 255


def test_pictures_are_resized_along_the_shorter_side_and_cropped_around_the_centre(tmp_path):
    picture = Image.new("L", (40, 20), 0)
    picture.paste(200, (10, 0, 30, 20))
    picture.save(tmp_path / "1.png")
    # Without the crop it would be black at the sides.
    assert read(tmp_path, size=5).min() > 180
    assert read(tmp_path, size=30).shape == (1, 1, 30, 30)


def test_a_centre_square_is_cropped_first(tmp_path):
    picture = Image.new("L", (10, 12), 0)
    picture.paste(200, (3, 4, 7, 8))
    picture.save(tmp_path / "1.png")
    assert read(tmp_path, crop=4, size=2).unique().tolist() == [200]


def test_mixed_sizes_without_resize_name_two_files(tmp_path, complains):
    save(tmp_path / "1.png", size=(4, 6))
    save(tmp_path / "2.png", size=(5, 6))
    with complains("1.png is 4 × 6", "2.png is 5 × 6", "--data.size 32"):
        read(tmp_path)
    assert read(tmp_path, size=4).shape == (2, 3, 4, 4)


def damaged() -> dict[str, tuple[bytes, str]]:
    buffer = BytesIO()
    Image.fromarray(np.random.RandomState(0).randint(0, 255, (32, 32, 3), np.uint8)).save(buffer, "PNG")
    return {
        "empty": (b"", "it is empty"),
        "unknown format": (b"nothing", "it is not a picture"),
        "truncated": (buffer.getvalue()[:600], "truncated"),
        "bomb": (png_header(50_000, 50_000), "exceeds limit"),
        "bomb below Pillow's error": (png_header(10_000, 10_000), "exceeds limit"),
        "bomb below Pillow's warning": (png_header(8_001, 8_000), "more than 64000000 pixels"),
        "zero width": (png_header(0, 5), ""),
        "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n", "it is not a picture"),
    }


@pytest.mark.parametrize("kind", damaged())
def test_a_bad_picture_is_named_or_skipped(tmp_path, complains, caplog, kind):
    content, reason = damaged()[kind]
    (tmp_path / "2 bad.png").write_bytes(content)
    with complains("cannot read the picture", "2 bad.png", reason, "--data.skip_bad true"):
        read(tmp_path)
    with complains("at least one picture must be readable, got 1", "2 bad.png"):
        read(tmp_path, skip_bad=True)
    save(tmp_path / "1.png", colour=(1, 1, 1))
    save(tmp_path / "3.png", colour=(3, 3, 3))
    caplog.clear()
    pixels, kept = read_pictures(list_pictures(tmp_path), skip_bad=True)
    assert kept == [0, 2]
    assert pixels[:, 0, 0, 0].tolist() == [1, 3]
    assert [record.message for record in caplog.records] == [
        f"skipped 1 of 3 pictures that cannot be read: {tmp_path / '2 bad.png'}"
    ]


def test_the_limit_of_pixels_does_not_depend_on_pillows(tmp_path, complains, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    (tmp_path / "1.png").write_bytes(png_header(50_000, 50_000))
    with complains("1.png", "50000 × 50000 is more than"):
        read(tmp_path)


def test_a_zip_is_read_like_a_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        for name, colour in (("b/1.png", 2), ("a/1.png", 1), ("__MACOSX/a/._1.png", 3)):
            archive.write(save(tmp_path / "x.png", mode="L", colour=colour), name)
    sources = list_pictures(tmp_path / "toy.zip")
    assert [source.parts for source in sources] == [("a", "1.png"), ("b", "1.png")]
    assert read_pictures(sources)[0][:, 0, 0, 0].tolist() == [1, 2]


def test_a_zip_entry_of_a_huge_size_is_not_unpacked(tmp_path, complains, monkeypatch):
    monkeypatch.setattr(picture_decoding, "MAX_FILE_BYTES", 10_000)
    with zipfile.ZipFile(tmp_path / "toy.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(10_001))
    with complains("bomb.png", "unpacks to 10001 bytes, more than 10000"):
        read(tmp_path / "toy.zip")


@pytest.mark.parametrize("wrong", [{"size": 0}, {"channels": 2}])
def test_arguments_out_of_range_are_refused(tmp_path, complains, wrong):
    save(tmp_path / "1.png")
    name, value = next(iter(wrong.items()))
    with complains(f"{name} must be", f"got {value}"):
        read(tmp_path, **wrong)

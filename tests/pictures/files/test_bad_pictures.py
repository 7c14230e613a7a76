import io
import struct
import subprocess
import sys
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from dipcli.errors import InputError, OptionError, OutputError
from dipcli.pictures.files.images import load_picture, save_picture

SIDE = (32, 40)


def sentence_about(path, **options):
    with pytest.raises((InputError, OptionError)) as failure:
        load_picture(path, **options)
    sentence = str(failure.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def in_memory(write, *arguments, **options):
    buffer = io.BytesIO()
    write(buffer, *arguments, **options)
    return buffer.getvalue()


def good_files(pixels):
    colour, stack = Image.fromarray(pixels((*SIDE, 3))), pixels((4, *SIDE))
    gray = {"photometric": "minisblack"}
    return {
        "a.png": in_memory(colour.save, "PNG"),
        "deep.png": imagecodecs.png_encode(pixels((*SIDE, 3), "uint16")),
        "a.jpg": in_memory(colour.save, "JPEG"),
        "a.bmp": in_memory(colour.save, "BMP"),
        "a.webp": in_memory(colour.save, "WEBP"),
        "a.npy": in_memory(np.save, stack),
        "plain.tif": in_memory(tifffile.imwrite, stack, metadata=None, **gray),
        "zlib.tif": in_memory(tifffile.imwrite, stack, compression="zlib", **gray),
        "ij.tif": in_memory(tifffile.imwrite, stack, imagej=True),
        "ome.tif": in_memory(tifffile.imwrite, stack, ome=True, metadata={"axes": "TYX"}, **gray),
    }


NAMES = [
    "a.png",
    "deep.png",
    "a.jpg",
    "a.bmp",
    "a.webp",
    "a.npy",
    "plain.tif",
    "zlib.tif",
    "ij.tif",
    "ome.tif",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", [0.05, 0.3, 0.5, 0.7, 0.85])
def test_a_truncated_file_is_never_filled_in(tmp_path, pixels, name, part):
    data = good_files(pixels)[name]
    (tmp_path / name).write_bytes(data)
    load_picture(tmp_path / name)
    (tmp_path / name).write_bytes(data[: int(len(data) * part)])
    assert "cannot be read as" in sentence_about(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "deep.png"])
def test_a_flipped_bit_in_a_png_is_found(tmp_path, pixels, name):
    data = bytearray(good_files(pixels)[name])
    data[len(data) // 2] ^= 4
    (tmp_path / name).write_bytes(data)
    assert "damaged" in sentence_about(tmp_path / name)


def test_nothing_reaches_stderr_from_a_truncated_tiff(tmp_path, pixels, capfd):
    (tmp_path / "a.tif").write_bytes(good_files(pixels)["plain.tif"][:3000])
    sentence_about(tmp_path / "a.tif")
    assert capfd.readouterr() == ("", "")


def test_a_missing_file(tmp_path):
    assert "there is no such file" in sentence_about(tmp_path / "nowhere.png")


def test_a_folder(tmp_path):
    assert "a folder" in sentence_about(tmp_path)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"anything")

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert "cannot be opened, Permission denied" in sentence_about(tmp_path / "a.png")


def test_an_empty_file(tmp_path):
    (tmp_path / "a.png").touch()
    assert "is empty" in sentence_about(tmp_path / "a.png")


def test_a_file_that_is_no_picture(tmp_path):
    (tmp_path / "a.png").write_text("dear diary")
    assert "not a picture" in sentence_about(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.tif", "a.npy"])
def test_no_finite_value(tmp_path, name):
    array = np.full(SIDE, np.nan, np.float32)
    np.save(tmp_path / name, array) if name == "a.npy" else tifffile.imwrite(tmp_path / name, array)
    assert "no value is finite" in sentence_about(tmp_path / name)


@pytest.mark.parametrize("colour", [7, (255, 0, 0)])
def test_a_picture_of_one_colour(tmp_path, colour):
    Image.new("L" if colour == 7 else "RGB", SIDE, colour).save(tmp_path / "a.png")
    assert "has one value everywhere; there is nothing to restore" in sentence_about(tmp_path / "a.png")


def test_a_constant_float_picture(tmp_path):
    np.save(tmp_path / "a.npy", np.full(SIDE, 1e30))
    assert "one value everywhere" in sentence_about(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", [(15,), (15, 40), (40, 15), (40, 15, 3)])
def test_a_side_below_16(tmp_path, pixels, shape):
    np.save(tmp_path / "a.npy", pixels(shape))
    assert "every side needs at least 16" in sentence_about(tmp_path / "a.npy")


def test_a_volume_may_be_shallow_but_its_planes_not_small(tmp_path, pixels):
    np.save(tmp_path / "a.npy", pixels((2, *SIDE)))
    assert [frame.shape for frame in load_picture(tmp_path / "a.npy", volume=True).frames] == [(1, 2, *SIDE)]
    np.save(tmp_path / "a.npy", pixels((20, 15, 40)))
    assert "every side needs at least 16" in sentence_about(tmp_path / "a.npy", volume=True)


@pytest.mark.parametrize("name", ["a.png", "a.npy"])
def test_one_plane_is_not_a_volume(tmp_path, pixels, name):
    if name == "a.png":
        Image.fromarray(pixels(SIDE)).save(tmp_path / name)
    else:
        np.save(tmp_path / name, pixels(SIDE))
    assert "leave --volume out" in sentence_about(tmp_path / name, volume=True)


@pytest.mark.parametrize("array", [np.ones(SIDE, complex), np.full(SIDE, "a"), np.full(SIDE, None)])
def test_an_array_of_something_else_than_real_numbers(tmp_path, array):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    sentence_about(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", [(), (0, 20), (2, 3, 20, 20, 20)])
def test_an_array_of_another_shape(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.zeros(shape))
    sentence_about(tmp_path / "a.npy")


def test_a_png_bomb(tmp_path, pixels):
    data = good_files(pixels)["a.png"]
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + data[24:29]
    (tmp_path / "a.png").write_bytes(data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:])
    assert "3.6 billion pixels" in sentence_about(tmp_path / "a.png")


def test_a_jpeg_bomb(tmp_path, pixels):
    data = bytearray(good_files(pixels)["a.jpg"])
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", 60_000, 60_000)
    (tmp_path / "a.jpg").write_bytes(data)
    assert "3.6 billion pixels" in sentence_about(tmp_path / "a.jpg")


def test_a_tiff_bomb(tmp_path, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(SIDE), metadata=None)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as tiff:
        tiff.pages[0].tags["ImageWidth"].overwrite(60_000)
        tiff.pages[0].tags["ImageLength"].overwrite(60_000)
    assert "3.6 billion pixels" in sentence_about(tmp_path / "a.tif")


def test_an_array_bomb(tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:  # a sparse file
        header = {"descr": "|u1", "fortran_order": False, "shape": (60_000, 60_000)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 60_000**2)
    assert "3.6 billion pixels" in sentence_about(tmp_path / "a.npy")


def test_a_large_picture_below_the_limit_is_no_bomb(tmp_path, monkeypatch, pixels):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.fromarray(pixels((*SIDE, 3))).save(tmp_path / "a.png")
    Image.fromarray(pixels((*SIDE, 3))).save(tmp_path / "a.jpg")
    load_picture(tmp_path / "a.png")
    load_picture(tmp_path / "a.jpg")
    assert Image.MAX_IMAGE_PIXELS == 100


def test_an_unknown_kind_of_colour(tmp_path, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels((*SIDE, 3)), photometric="cielab")
    assert "CIELAB" in sentence_about(tmp_path / "a.tif")


def test_several_series_warn(tmp_path, pixels):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(pixels(SIDE), metadata=None)
        tiff.write(pixels((64, 64)), metadata=None)
    assert "only the first of its 2 series" in load_picture(tmp_path / "a.tif").warnings[0]


def test_a_failing_encoder_leaves_the_old_file(tmp_path, pixels, monkeypatch):
    Image.fromarray(pixels(SIDE)).save(tmp_path / "a.png")
    picture = load_picture(tmp_path / "a.png")
    (tmp_path / "b.tif").write_bytes(b"old")

    def fail(*arguments, **options):
        raise ValueError("no\nway.")

    monkeypatch.setattr(tifffile, "imwrite", fail)
    with pytest.raises(
        OutputError, match=r"b\.tif: cannot be written as TIFF \(no way\); choose another format\.$"
    ):
        save_picture(tmp_path / "b.tif", picture.frames, picture)
    assert (tmp_path / "b.tif").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.tif"]


def test_a_compressed_tiff_names_the_extra_that_it_needs(tmp_path, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(SIDE), compression="lzw")
    code = (
        "import sys; sys.modules['imagecodecs'] = None\n"
        "from pathlib import Path\n"
        "from dipcli.pictures.files.images import load_picture\n"
        "load_picture(Path(sys.argv[1]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.tif"], capture_output=True, text=True, check=False
    )
    assert run.stderr.endswith("without imagecodecs; pip install 'dipcli[formats]'.\n")

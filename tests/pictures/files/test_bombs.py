"""Pictures that promise more than their files can hold, or hide it where nobody looks."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from dipcli.errors import InputError
from dipcli.pictures.files import tiff_series
from dipcli.pictures.files.images import load_picture, save_picture
from dipcli.pictures.files.jpeg import read_jpeg


def saved(kind, **options):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 40), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return bytearray(buffer.getvalue())


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png():
    data = saved("PNG")
    data[8:33] = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    return data


def jpeg():
    data = saved("JPEG")
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", 20_000, 20_000)
    return data


def bmp():
    data = saved("BMP")
    data[18:26] = struct.pack("<ii", 20_000, 20_000)
    return data


@pytest.mark.parametrize("make", [png, jpeg, bmp], ids=lambda make: make.__name__)
def test_a_small_file_of_a_huge_picture_is_refused(tmp_path, make):
    path = tmp_path / f"a.{make.__name__}"
    path.write_bytes(make())
    with pytest.raises(InputError, match=r"promises 0\.\d GB of values, but has .* bytes"):
        load_picture(path)


def test_coefficients_of_a_huge_jpeg_are_not_read(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    with pytest.raises(InputError, match=r"promises 0.4 GB of values"):
        read_jpeg(tmp_path / "a.jpg")


def test_a_stack_of_frames_that_are_not_there_is_refused(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros((32, 40), np.uint8), description="ImageJ=1.11a\nimages=2000000\n"
    )
    with pytest.raises(InputError, match=r"a.tif: "):
        load_picture(tmp_path / "a.tif")


def test_more_pages_than_anybody_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff_series, "MOST_PAGES", 3)
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 32, 40), np.uint8), metadata=None)
    with pytest.raises(InputError, match="more than 3 pages"):
        load_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("name", [b"iCCP", b"zTXt", b"iTXt"])
def test_what_a_png_packs_beside_its_pixels_is_not_inflated_without_end(tmp_path, name):
    packed = zlib.compress(bytes(2**27))
    heads = {b"iCCP": b"x\0\0", b"zTXt": b"Comment\0\0", b"iTXt": b"note\0\1\0\0\0"}
    data = saved("PNG")
    (tmp_path / "a.png").write_bytes(data[:33] + chunk(name, heads[name] + packed) + data[33:])
    tracemalloc.start()
    if name == b"iCCP":
        with pytest.raises(InputError, match="its colour profile is cut short, or too long"):
            load_picture(tmp_path / "a.png")
    else:
        load_picture(tmp_path / "a.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**26


def test_a_colour_profile_of_two_megabytes_is_kept(tmp_path):
    profile = np.random.default_rng(0).bytes(2_000_000)
    (tmp_path / "a.png").write_bytes(saved("PNG", icc_profile=profile))
    assert load_picture(tmp_path / "a.png").encoding.metadata.icc == profile


@pytest.mark.parametrize("name", ["a.tif", "a.npy"])
def test_a_last_axis_of_one_sample_is_written_back(tmp_path, name):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 40, 1), np.uint8)
    save = tifffile.imwrite if name.endswith("tif") else np.save
    save(tmp_path / name, pixels)
    picture = load_picture(tmp_path / name)
    save_picture(tmp_path / "out.tif", picture.frames, picture)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif").squeeze(), pixels[..., 0])


def test_imagej_s_micrometres_are_written_back(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 40), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, imagej=True, metadata={"axes": "TYX", "unit": "xxm"})
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content.replace(b"unit=xxm", "unit=µm".encode("latin-1") + b"\n"))
    picture = load_picture(tmp_path / "a.tif")
    save_picture(tmp_path / "out.tif", picture.frames, picture)
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert file.imagej_metadata["unit"] == "\\u00b5m"

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from dipcli.pictures.files.images import load_picture, save_picture

SIDE = (24, 20)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION, MAKE, EXPOSURE_IFD, ISO = 274, 271, 0x8769, 34855


def exif_with(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = "Camera"
    exif.get_ifd(EXPOSURE_IFD)[ISO] = 400
    return exif


def rewrite(path, suffix=""):
    picture = load_picture(path)
    out = path.with_name(f"out{suffix or path.suffix}")
    save_picture(out, picture.frames, picture)
    return out


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_icc_exif_and_dpi_survive(tmp_path, pixels, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(pixels((*SIDE, 3))).save(path, icc_profile=ICC, exif=exif_with(1), dpi=(300, 200))
    with Image.open(rewrite(path)) as image:
        assert image.info["icc_profile"] == ICC
        exif = image.getexif()
        assert exif[MAKE] == "Camera"
        assert exif.get_ifd(EXPOSURE_IFD)[ISO] == 400
        if suffix != ".webp":  # WebP has no resolution of its own
            assert image.info["dpi"] == pytest.approx((300, 200), abs=0.02)


def test_metadata_survives_in_a_16_bit_colour_png(tmp_path, pixels):
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "someone")
    Image.fromarray(pixels((*SIDE, 3))).save(
        tmp_path / "small.png", icc_profile=ICC, exif=exif_with(6), dpi=(300, 200), pnginfo=text
    )
    dressed = (tmp_path / "small.png").read_bytes()
    plain = imagecodecs.png_encode(pixels((*SIDE, 3), "uint16"))
    chunks = dressed[33 : dressed.index(b"IDAT") - 4]
    (tmp_path / "a.png").write_bytes(plain[:33] + chunks + plain[33:])
    out = rewrite(tmp_path / "a.png")
    turned = np.rot90(pixels((*SIDE, 3), "uint16"), -1)
    np.testing.assert_array_equal(imagecodecs.png_decode(out.read_bytes()), turned)
    with Image.open(out) as image:
        image.load()
        assert image.info["icc_profile"] == ICC
        assert image.info["Author"] == "someone"
        assert image.info["dpi"] == pytest.approx((200, 300), abs=0.02)
        assert image.getexif()[MAKE] == "Camera"
        assert ORIENTATION not in image.getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied_once_and_removed(tmp_path, pixels, orientation):
    Image.fromarray(pixels((*SIDE, 3))).save(tmp_path / "a.png", exif=exif_with(orientation))
    with Image.open(tmp_path / "a.png") as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    out = rewrite(tmp_path / "a.png")
    with Image.open(out) as image:
        assert image.getexif().get(ORIENTATION, 1) == 1
        assert image.getexif()[MAKE] == "Camera"
        np.testing.assert_array_equal(np.asarray(image), upright)
    np.testing.assert_array_equal(load_picture(out).frames[0], load_picture(tmp_path / "a.png").frames[0])


def test_the_orientation_turns_a_jpeg(tmp_path, pixels):
    Image.fromarray(pixels((*SIDE, 3))).save(tmp_path / "a.jpg", exif=exif_with(6))
    assert load_picture(tmp_path / "a.jpg").frames[0].shape == (3, SIDE[1], SIDE[0])
    assert load_picture(tmp_path / "a.jpg").stored_shape == (*SIDE, 3)


def test_the_orientation_turns_a_tiff(tmp_path, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(SIDE), extratags=[(ORIENTATION, 3, 1, 6, True)], metadata=None)
    out = rewrite(tmp_path / "a.tif")
    np.testing.assert_array_equal(tifffile.imread(out), np.rot90(pixels(SIDE), -1))
    with tifffile.TiffFile(out) as tiff:
        assert "Orientation" not in tiff.pages[0].tags


def test_damaged_exif_is_dropped(tmp_path, pixels):
    Image.fromarray(pixels((*SIDE, 3))).save(tmp_path / "a.png", exif=b"Exif\0\0nonsense")
    with Image.open(rewrite(tmp_path / "a.png")) as image:
        assert "exif" not in image.info


def test_icc_resolution_and_description_of_a_tiff_survive(tmp_path, pixels):
    tifffile.imwrite(
        tmp_path / "a.tif",
        pixels((*SIDE, 3)),
        photometric="rgb",
        iccprofile=ICC,
        resolution=(118.11, 59),
        resolutionunit="CENTIMETER",
        description="a scan",
        metadata=None,
    )
    with tifffile.TiffFile(rewrite(tmp_path / "a.tif")) as tiff:
        tags = tiff.pages[0].tags
        assert tags["InterColorProfile"].value == ICC
        assert tags["ImageDescription"].value == "a scan"
        assert tags["ResolutionUnit"].value == 3
        assert tiff.pages[0].resolution == pytest.approx((118.11, 59))


def test_icc_and_dpi_cross_from_png_to_tiff_and_jpeg(tmp_path, pixels):
    Image.fromarray(pixels((*SIDE, 3))).save(tmp_path / "a.png", icc_profile=ICC, dpi=(300, 300))
    for suffix in (".tif", ".jpg"):
        with Image.open(rewrite(tmp_path / "a.png", suffix)) as image:
            assert image.info["icc_profile"] == ICC
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize(("axes", "shape"), [("ZCYX", (4, 3)), ("TZCYX", (2, 3, 2)), ("CYX", (3,)), ("TYX", (5,))])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_imagej_axes_spacing_unit_and_resolution_survive(tmp_path, pixels, axes, shape, dtype):
    array = pixels((*shape, *SIDE), dtype)
    metadata = {"axes": axes, "spacing": 0.5, "unit": "um", "finterval": 2.0, "min": 3.0, "max": 200.0}
    tifffile.imwrite(tmp_path / "a.tif", array, imagej=True, resolution=(10, 12.5), metadata=metadata)
    out = rewrite(tmp_path / "a.tif")
    with tifffile.TiffFile(out) as after, tifffile.TiffFile(tmp_path / "a.tif") as before:
        assert after.is_imagej
        assert after.series[0].axes == axes
        assert after.imagej_metadata == before.imagej_metadata
        assert after.pages[0].resolution == (10, 12.5)
        assert after.pages[0].tags["ResolutionUnit"].value == before.pages[0].tags["ResolutionUnit"].value
        np.testing.assert_array_equal(after.asarray(), array)


def test_imagej_labels_and_info_survive(tmp_path, pixels):
    metadata = {"axes": "ZYX", "Labels": ["one", "two", "three"], "Info": "from the microscope"}
    tifffile.imwrite(tmp_path / "a.tif", pixels((3, *SIDE)), imagej=True, metadata=metadata)
    with tifffile.TiffFile(rewrite(tmp_path / "a.tif")) as tiff:
        assert tiff.imagej_metadata["Labels"] == ["one", "two", "three"]
        assert tiff.imagej_metadata["Info"] == "from the microscope"


def test_ome_axes_sizes_and_channels_survive(tmp_path, pixels):
    array = pixels((2, 3, *SIDE), "uint16")
    metadata = {
        "axes": "TCYX",
        "PhysicalSizeX": 0.1,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.2,
        "TimeIncrement": 1.5,
        "Name": "cells",
        "Channel": {"Name": ["a", "b", "c"], "EmissionWavelength": [450, 520, 600]},
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", array, metadata=metadata, photometric="minisblack")
    with tifffile.TiffFile(rewrite(tmp_path / "a.ome.tif")) as after:
        assert after.is_ome
        assert after.series[0].axes == "TCYX"
        np.testing.assert_array_equal(after.asarray(), array)
        image = tifffile.xml2dict(after.ome_metadata)["OME"]["Image"]
    pixels_element = image["Pixels"]
    assert image["Name"] == "cells"
    assert pixels_element["PhysicalSizeX"] == 0.1
    assert pixels_element["PhysicalSizeXUnit"] == "µm"
    assert pixels_element["PhysicalSizeY"] == 0.2
    assert pixels_element["TimeIncrement"] == 1.5
    assert [channel["Name"] for channel in pixels_element["Channel"]] == ["a", "b", "c"]
    assert [channel["EmissionWavelength"] for channel in pixels_element["Channel"]] == [450, 520, 600]


def test_axes_that_tifffile_describes_survive(tmp_path, pixels):
    array = pixels((2, 3, *SIDE))
    tifffile.imwrite(
        tmp_path / "a.tif", array, metadata={"axes": "TZYX", "sample": "moss"}, photometric="minisblack"
    )
    with tifffile.TiffFile(rewrite(tmp_path / "a.tif")) as tiff:
        assert tiff.series[0].axes == "TZYX"
        assert tiff.shaped_metadata[0]["sample"] == "moss"
        np.testing.assert_array_equal(tiff.asarray(), array)


def test_a_picture_with_more_pixels_keeps_its_physical_size(tmp_path, pixels):
    metadata = {"axes": "ZYX", "spacing": 0.5, "unit": "um"}
    tifffile.imwrite(tmp_path / "a.tif", pixels((16, *SIDE)), imagej=True, resolution=(10, 10), metadata=metadata)
    picture = load_picture(tmp_path / "a.tif", volume=True)
    larger = np.repeat(np.repeat(np.repeat(picture.frames[0], 2, 1), 3, 2), 4, 3)
    save_picture(tmp_path / "b.tif", [larger], picture)
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        assert tiff.series[0].shape == (32, 72, 80)
        assert tiff.pages[0].resolution == (40, 30)
        assert tiff.imagej_metadata["spacing"] == 0.25


def test_alpha_is_resized_with_the_picture(tmp_path):
    array = np.zeros((16, 16, 4), np.uint8)
    array[:, 8:] = 255
    Image.fromarray(array).save(tmp_path / "a.png")
    picture = load_picture(tmp_path / "a.png")
    save_picture(tmp_path / "b.png", [np.ones((3, 32, 32), np.float32)], picture)
    with Image.open(tmp_path / "b.png") as image:
        alpha = np.asarray(image)[..., 3]
    assert (alpha[:, :15] == 0).all()
    assert (alpha[:, 17:] == 255).all()
    assert alpha[0, 15:17].tolist() == [64, 191]


def test_a_profile_that_does_not_fit_its_inks_is_dropped_with_them(tmp_path, pixels):
    Image.fromarray(pixels((*SIDE, 4)), "CMYK").save(tmp_path / "a.jpg", icc_profile=ICC)
    picture = load_picture(tmp_path / "a.jpg")
    assert picture.frames[0].shape == (3, *SIDE)
    assert picture.encoding.metadata.icc is None

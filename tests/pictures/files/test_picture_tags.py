"""Georeferencing, captions, comments and EXIF in TIFF: carried over, scaled, or lost with a word."""

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from dipcli.pictures.files.captions import iptc_of, resources_of
from dipcli.pictures.files.images import load_picture, save_picture
from dipcli.pictures.files.losses import what_is_lost

SIDE = (24, 20)
SCALE, TIEPOINTS, MATRIX, KEYS, GEO_DOUBLES, GEO_TEXT = 33550, 33922, 34264, 34735, 34736, 34737
METADATA, NODATA, RPC = 42112, 42113, 50844
MAKE, ORIENTATION, EXPOSURE_IFD, ISO, GPS_IFD, WIDTH, HEIGHT = 271, 274, 0x8769, 34855, 0x8825, 40962, 40963
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="Dunes"/></x:xmpmeta>'
UPRIGHT = XMP.replace(b'"6"', b'"1"')
IPTC = b"\x1c\x02\x78\x00\x05Dunes"


def ground(*, is_point=False, tiepoint=(0.0, 0.0, 0.0, 440720.0, 3751320.0, 0.0)):
    """What a map has: pixels of half a metre, one point, its keys, and GDAL's own words."""
    return [
        (SCALE, 12, 3, (0.5, 0.25, 0.0), True),
        (TIEPOINTS, 12, 6, tiepoint, True),
        (KEYS, 3, 8, (1, 1, 0, 1, 1025, 0, 1, 2 if is_point else 1), True),
        (GEO_DOUBLES, 12, 2, (6378137.0, 298.25), True),
        (GEO_TEXT, 2, 0, "WGS 84|", True),
        (METADATA, 2, 0, "<GDALMetadata/>", True),
        (NODATA, 2, 0, "0", True),
        (65000, 5, 1, (1, 3), True),  # a private one, of a fraction
    ]


def save_tiff(path, pixels, tags, **options):
    tifffile.imwrite(path, np.maximum(pixels(SIDE), 1), extratags=tags, metadata=None, **options)
    return path


def enlarged(path, factor):
    picture = load_picture(path)
    frames = [np.repeat(np.repeat(frame, factor, 1), factor, 2) for frame in picture.frames]
    save_picture(path.with_name("out.tif"), frames, picture)
    return tags_of(path.with_name("out.tif"))


def rewritten(path, suffix=""):
    picture = load_picture(path)
    out = path.with_name(f"out{suffix or path.suffix}")
    save_picture(out, picture.frames, picture)
    return out


def tags_of(path):
    with tifffile.TiffFile(path) as tiff:
        return {tag.code: tag.value for tag in tiff.pages.first.tags}


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_what_a_map_says_survives(tmp_path, pixels, byteorder, bigtiff):
    path = save_tiff(tmp_path / "a.tif", pixels, ground(), byteorder=byteorder, bigtiff=bigtiff)
    before, after = tags_of(path), tags_of(rewritten(path))
    for code in (SCALE, TIEPOINTS, KEYS, GEO_DOUBLES, GEO_TEXT, METADATA, NODATA, 65000):
        assert after[code] == before[code]


@pytest.mark.parametrize("is_point", [False, True])
def test_a_larger_map_lies_on_the_same_ground(tmp_path, pixels, is_point):
    """The corner of the picture stays where it was, whether coordinates are of corners or of middles."""
    tags = ground(is_point=is_point, tiepoint=(2.0, 3.0, 0.0, 100.0, 200.0, 0.0))
    after = enlarged(save_tiff(tmp_path / "a.tif", pixels, tags), 4)
    assert after[SCALE] == (0.125, 0.0625, 0.0)
    shift = 0.5 if is_point else 0.0
    for (across, down), scale in (((2.0, 3.0), (0.5, 0.25)), (after[TIEPOINTS][:2], after[SCALE])):
        corner = 100 - (across + shift) * scale[0], 200 + (down + shift) * scale[1]
        assert corner == pytest.approx((100 - (2 + shift) * 0.5, 200 + (3 + shift) * 0.25))


@pytest.mark.parametrize("is_point", [False, True])
def test_the_matrix_of_a_turned_map_is_scaled(tmp_path, pixels, is_point):
    matrix = np.array([[0.4, 0.3, 0, 10], [0.3, -0.4, 0, 20], [0, 0, 0, 0], [0, 0, 0, 1]], float)
    tags = [(MATRIX, 12, 16, tuple(matrix.ravel()), True), ground(is_point=is_point)[2]]
    after = np.reshape(enlarged(save_tiff(tmp_path / "a.tif", pixels, tags), 2)[MATRIX], (4, 4))
    shift = 0.5 if is_point else 0.0
    for x, y in ((0, 0), (7, 3)):  # corners of small pixels
        small = matrix @ [x - shift, y - shift, 0, 1]
        np.testing.assert_allclose(after @ [2 * x - shift, 2 * y - shift, 0, 1], small)


def test_rational_polynomials_are_scaled(tmp_path, pixels):
    values = (0.0, 0.0, 10.0, 8.0, 1.0, 2.0, 3.0, 12.0, 10.0, *range(83))
    after = enlarged(save_tiff(tmp_path / "a.tif", pixels, [(RPC, 12, 92, values, True)]), 2)[RPC]
    assert after[2:9] == (20.5, 16.5, 1.0, 2.0, 3.0, 24.0, 20.0)
    assert after[9:] == values[9:]


def test_georeferencing_of_a_turned_picture_is_lost_with_a_word(tmp_path, pixels):
    path = save_tiff(tmp_path / "a.tif", pixels, [*ground(), (ORIENTATION, 3, 1, 6, True)])
    assert "georeferencing is not carried over" in load_picture(path).warnings[0]
    after = tags_of(rewritten(path))
    assert SCALE not in after
    assert after[NODATA] == "0"


def test_tags_that_point_into_their_file_are_lost_with_a_word(tmp_path, pixels):
    path = save_tiff(tmp_path / "a.tif", pixels, [(33629, 5, 1, (1, 1), True)])
    assert load_picture(path).warnings == (
        f"{path}: what it says of MetaMorph is not carried over to the result.",
    )
    assert 33629 not in tags_of(rewritten(path))


def test_author_date_and_program_of_a_tiff_survive(tmp_path, pixels):
    tags = [(315, 2, 0, "someone", True), (33432, 2, 0, "her", True), (306, 2, 0, "2020:01:02 03:04:05", True)]
    path = save_tiff(tmp_path / "a.tif", pixels, tags, software="microscope 1.0")
    after = tags_of(rewritten(path))
    assert [after[code] for code in (315, 33432, 306, 305)] == [
        "someone",
        "her",
        "2020:01:02 03:04:05",
        "microscope 1.0",
    ]
    assert 305 not in tags_of(rewritten(save_tiff(tmp_path / "b.tif", pixels, [], software=False)))


def exif():
    tags = Image.Exif()
    tags[MAKE] = "Camera"
    tags.get_ifd(EXPOSURE_IFD).update({ISO: 400, WIDTH: SIDE[1], HEIGHT: SIDE[0]})
    tags.get_ifd(GPS_IFD).update({1: "N", 2: (51.0, 30.0, 0.5)})
    return tags.tobytes()


@pytest.mark.parametrize("source", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("target", [".jpg", ".png", ".tif", ".webp"])
def test_exif_crosses_between_all_formats_that_have_it(tmp_path, pixels, source, target):
    Image.fromarray(pixels((*SIDE, 3))).save(tmp_path / f"a{source}", exif=exif())
    with Image.open(rewritten(tmp_path / f"a{source}", target)) as image:
        after = image.getexif()
        assert after[MAKE] == "Camera"
        assert after.get_ifd(EXPOSURE_IFD)[ISO] == 400
        assert after.get_ifd(GPS_IFD)[1] == "N"
        assert [float(part) for part in after.get_ifd(GPS_IFD)[2]] == [51.0, 30.0, 0.5]


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_exif_names_the_new_sides(tmp_path, pixels, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(pixels((*SIDE, 3))).save(path, exif=exif())
    picture = load_picture(path)
    save_picture(tmp_path / f"b{suffix}", [np.repeat(picture.frames[0], 2, 2)], picture)
    with Image.open(tmp_path / f"b{suffix}") as image:
        own = image.getexif().get_ifd(EXPOSURE_IFD)
    assert (own[WIDTH], own[HEIGHT]) == (2 * SIDE[1], SIDE[0])


def save_captioned(path, pixels):
    """With XMP that turns, as cameras write it, and IPTC where the format has it."""
    image = Image.fromarray(pixels((*SIDE, 3)))
    tags = Image.Exif()
    tags[ORIENTATION] = 6
    if path.suffix == ".jpg":
        content = resources_of(IPTC)
        iptc = b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content
        image.save(path, xmp=XMP, exif=tags, comment=b"a comment", extra=iptc)
    elif path.suffix == ".png":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        text.add_text("Comment", "a comment")
        image.save(path, pnginfo=text, exif=tags)
    elif path.suffix == ".webp":
        image.save(path, xmp=XMP, exif=tags)
    else:
        extra = [(700, 1, len(XMP), XMP, True), (33723, 7, len(IPTC), IPTC, True), (ORIENTATION, 3, 1, 6, True)]
        tifffile.imwrite(path, pixels((*SIDE, 3)), photometric="rgb", extratags=extra, metadata=None)
    return path


def xmp_of(path):
    with Image.open(path) as image:
        image.load()
        found = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or ""
        return found if isinstance(found, bytes) else found.encode()


@pytest.mark.parametrize("source", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("target", [".jpg", ".png", ".tif", ".webp"])
def test_xmp_crosses_and_does_not_turn_the_picture_again(tmp_path, pixels, source, target):
    out = rewritten(save_captioned(tmp_path / f"a{source}", pixels), target)
    assert xmp_of(out) == UPRIGHT
    with Image.open(out) as image:
        assert image.size == SIDE
        assert image.getexif().get(ORIENTATION, 1) == 1


@pytest.mark.parametrize("source", [".jpg", ".tif"])
@pytest.mark.parametrize("target", [".jpg", ".tif"])
def test_iptc_crosses(tmp_path, pixels, source, target):
    out = rewritten(save_captioned(tmp_path / f"a{source}", pixels), target)
    assert load_picture(out).encoding.metadata.iptc == IPTC


def test_iptc_is_found_among_other_resources():
    before = b"8BIM\x03\xed\x04name\x00\x00\x00\x00\x03abc\x00"
    assert iptc_of(resources_of(IPTC).replace(b"8BIM", before + b"8BIM", 1)) == IPTC
    assert iptc_of(before[:9]) is None


@pytest.mark.parametrize(
    ("source", "target"), [(".jpg", ".jpg"), (".jpg", ".png"), (".png", ".png"), (".png", ".jpg")]
)
def test_a_comment_survives(tmp_path, pixels, source, target):
    out = rewritten(save_captioned(tmp_path / f"a{source}", pixels), target)
    with Image.open(out) as image:
        image.load()
        assert (image.info.get("comment") or image.info["Comment"].encode()) == b"a comment"


def test_a_comment_becomes_the_description_of_a_tiff(tmp_path, pixels):
    assert tags_of(rewritten(save_captioned(tmp_path / "a.jpg", pixels), ".tif"))[270] == "a comment"


@pytest.mark.parametrize(
    ("target", "lost"),
    [
        (".png", "IPTC"),
        (".bmp", "EXIF, XMP, IPTC and the comment"),
        (".npy", "EXIF, XMP, IPTC, the comment and the resolution"),
        (".jpg", None),
        (".tif", None),
    ],
)
def test_what_a_format_cannot_keep_is_said(tmp_path, pixels, target, lost):
    path = save_captioned(tmp_path / "a.jpg", pixels)
    Image.open(path).save(path, exif=exif(), xmp=XMP, comment=b"a comment", extra=segment_of(path))
    said = what_is_lost(tmp_path / f"out{target}", load_picture(path))
    assert (said is None) if lost is None else (f"cannot keep {lost};" in said)


def segment_of(path):
    content = resources_of(IPTC)
    return b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content


@pytest.mark.parametrize("target", [".png", ".jpg", ".webp", ".bmp", ".npy"])
def test_only_a_tiff_keeps_the_ground_of_a_map(tmp_path, pixels, target):
    said = what_is_lost(tmp_path / f"out{target}", load_picture(save_tiff(tmp_path / "a.tif", pixels, ground())))
    assert "the georeferencing" in said
    assert "3 further TIFF tag(s)" in said


def test_a_smaller_depth_is_said(tmp_path, pixels):
    Image.fromarray(pixels(SIDE, "uint16")).save(tmp_path / "a.png")
    picture = load_picture(tmp_path / "a.png")
    assert "cannot keep values of uint16" in what_is_lost(tmp_path / "out.jpg", picture)
    assert what_is_lost(tmp_path / "out.tif", picture) is None


def test_the_loss_is_told_and_recorded(denoise, tmp_path, pixels):
    path = save_tiff(tmp_path / "a.tif", pixels, ground())
    assert "cannot keep the georeferencing" in denoise(path, "-o", tmp_path / "out.png").stderr

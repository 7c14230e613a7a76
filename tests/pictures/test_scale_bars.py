"""A pixel's size, where a microscope's file says it, is the scale of the bars of a report."""

import numpy as np
import pytest
import tifffile
import torch

from dipcli.options.engine import EngineOptions
from dipcli.pictures.files.images import read_picture
from dipcli.pictures.panels import panels_of
from dipcli.pipeline.statement import Fitted, Restoration, Statement

VALUES = np.arange(12 * 16, dtype=np.uint16).reshape(12, 16)


@pytest.mark.parametrize(
    ("written", "pixel_nm"),
    [
        ({"imagej": True, "resolution": (20, 20), "metadata": {"unit": "micron"}}, 50),
        ({"imagej": True, "resolution": (20, 20), "metadata": {"unit": "\\u00B5m"}}, 50),
        ({"imagej": True, "resolution": (0.5, 0.5), "metadata": {"unit": "nm"}}, 2),
        ({"imagej": True, "resolution": (20, 20), "metadata": {"unit": "pixel"}}, None),
        ({"imagej": True}, None),
        ({"ome": True, "metadata": {"PhysicalSizeX": 0.05}}, 50),
        ({"ome": True, "metadata": {"PhysicalSizeX": 3.5, "PhysicalSizeXUnit": "nm"}}, 3.5),
        ({"ome": True}, None),
        ({"resolution": (300, 300), "resolutionunit": "INCH"}, None),  # of a print
    ],
)
def test_the_size_of_a_pixel_is_read_where_a_microscope_says_it(tmp_path, written, pixel_nm):
    tifffile.imwrite(tmp_path / "a.tif", VALUES, **written)
    found = read_picture(tmp_path / "a.tif").encoding.metadata.pixel_nm
    assert found == (None if pixel_nm is None else pytest.approx(pixel_nm, rel=1e-4))


def test_what_has_more_pixels_has_smaller_ones(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", VALUES, ome=True, metadata={"PhysicalSizeX": 0.05})
    source = read_picture(tmp_path / "a.tif")
    small, large = torch.zeros(1, 12, 16), torch.zeros(1, 24, 32)
    statement = Statement(None, EngineOptions(), ("patch groups", large), {}, {})
    panels = panels_of(small, Fitted(statement, Restoration(large)), None, source.encoding)
    assert [panel.pixel_nm for panel in panels] == pytest.approx([50, 25])

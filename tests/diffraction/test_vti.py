"""ParaView's own library reads what is written for ParaView."""

import numpy as np
import pytest

from dipcli.diffraction.writers import save_vti

xml = pytest.importorskip("vtkmodules.vtkIOXML", reason="vtk reads ParaView's files; pip install 'dipcli[dev]'")
numpy_support = pytest.importorskip("vtkmodules.util.numpy_support")


def read(path):
    reader = xml.vtkXMLImageDataReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


def test_vtk_reads_sizes_spacing_and_arrays(tmp_path):
    random = np.random.default_rng(0)
    volume = random.normal(size=(3, 4, 5)).astype(np.float32)
    support = (volume > 0).astype(np.uint8)
    save_vti(tmp_path / "o.vti", {"magnitude": volume, "support": support}, 2.5)
    found = read(tmp_path / "o.vti")
    assert found.GetDimensions() == (5, 4, 3)  # x, y, z
    assert found.GetSpacing() == (2.5, 2.5, 2.5)
    arrays = found.GetPointData()
    for name, expected in (("magnitude", volume), ("support", support)):
        values = numpy_support.vtk_to_numpy(arrays.GetArray(name))
        assert values.dtype == expected.dtype
        np.testing.assert_array_equal(values.reshape(3, 4, 5), expected)
    assert arrays.GetScalars().GetName() == "magnitude"


def test_x_runs_fastest(tmp_path):
    """A point of the volume (z, y, x) lies where ParaView shows it."""
    volume = np.zeros((3, 4, 5), np.float32)
    volume[2, 1, 3] = 7
    save_vti(tmp_path / "o.vti", {"magnitude": volume})
    assert read(tmp_path / "o.vti").GetScalarComponentAsDouble(3, 1, 2, 0) == 7

"""Which array of an HDF5 file is meant, whatever its links are, and that no other file is read through them."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from dipcli.errors import InputError
from dipcli.io.hdf5 import array_names, find_array, group_names, open_hdf5

VALUES = np.ones((20, 20))


@pytest.fixture
def linked(tmp_path):
    """One array with three names, in a file whose links go round in circles, nowhere, and into another file."""
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = VALUES
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/data/data"] = VALUES
        file["entry/detector/counts"] = file["entry/data/data"]
        file["alias"] = h5py.SoftLink("/entry/data/data")
        file["entry/data/parent"] = h5py.SoftLink("/entry")
        file["entry/data/self"] = file["entry"]
        file["loop"] = h5py.SoftLink("/loop")
        file["nowhere"] = h5py.SoftLink("/not/there")
        file["outside"] = h5py.ExternalLink("other.h5", "/data")
        file["lost"] = h5py.ExternalLink("missing.h5", "/data")
        file["title"] = "a scan"
        file["nothing"] = h5py.Empty("f")
    return tmp_path / "a.h5"


def find(path, key=None, usual=("data",)):
    with open_hdf5(path) as file:
        return find_array(path, file, key, usual)


def save(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name.replace("__", "/")] = array
    return path


def test_an_array_with_many_links_is_one_array(linked):
    with open_hdf5(linked) as file:
        assert array_names(file) == ["entry/data/data"]
    assert find(linked) == "entry/data/data"


@pytest.mark.parametrize("key", ["alias", "/entry/detector/counts", "entry/data/parent/data/self/data/data"])
def test_a_key_may_lead_through_links(linked, key):
    assert find(linked, key) == key.strip("/")


@pytest.mark.parametrize("key", ["outside", "lost", "loop", "nowhere", "title", "entry"])
def test_a_key_that_leads_to_no_array_of_the_file_is_one_sentence(linked, key):
    with pytest.raises(InputError, match=f"has no array {key}; it has entry/data/data."):
        find(linked, key)


def test_many_paths_to_one_group_are_walked_once(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("first")
        for number in range(60):
            following = file.create_group(f"anonymous{number}")
            group["left"], group["right"] = following, following
            group = following
        group["data"] = VALUES
        assert len(array_names(file)) == 1


def test_a_file_of_links_names_the_file_with_the_data(tmp_path):
    save(tmp_path / "scan_data.h5", data=VALUES)
    save(tmp_path / "a.h5", data=h5py.ExternalLink("scan_data.h5", "/data"))
    with pytest.raises(InputError, match=r"only links to the data, which lie in scan_data.h5; give that file."):
        find(tmp_path / "a.h5")


def test_values_that_lie_in_another_file_are_not_read(tmp_path):
    save(tmp_path / "other.h5", data=VALUES)
    layout = h5py.VirtualLayout((20, 20), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "data", (20, 20))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("data", layout)
    (tmp_path / "raw.bin").write_bytes(bytes(400))
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file.create_dataset("data", shape=(20, 20), dtype="u1", external=[("raw.bin", 0, 400)])
    for name, other in (("virtual.h5", "other.h5"), ("raw.h5", "raw.bin")):
        with pytest.raises(InputError, match=f"the values of data lie in {other}"):
            find(tmp_path / name)


def test_an_array_that_is_made_of_itself_is_not_read(tmp_path):
    layout = h5py.VirtualLayout((20, 20), "f8")
    layout[:] = h5py.VirtualSource(".", "data", (20, 20))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("data", layout)
    with pytest.raises(InputError, match="the values of data lie in other arrays"):
        find(tmp_path / "a.h5")


def test_values_that_only_a_plug_in_can_read_name_it(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how.set_chunk((20, 20))
        how.set_filter(32_099, h5py.h5z.FLAG_OPTIONAL)  # a number that nobody has registered
        h5py.h5d.create(file.id, b"data", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple((20, 20)), how)
    with pytest.raises(InputError, match=r"a.h5: the values of data are compressed .* pip install hdf5plugin"):
        find(tmp_path / "a.h5")


def test_the_signal_of_a_nexus_file_is_its_data(tmp_path):
    path = save(tmp_path / "a.h5", entry__plot__errors=VALUES, entry__plot__values=VALUES)
    with h5py.File(path, "a") as file:
        file.attrs["default"], file["entry"].attrs["default"] = "entry", np.bytes_("plot")
        file["entry/plot"].attrs["signal"] = "values"
    assert find(path) == "entry/plot/values"


def test_a_default_that_leads_to_itself_ends(tmp_path):
    path = save(tmp_path / "a.h5", one=VALUES, two=VALUES)
    with h5py.File(path, "a") as file:
        file.attrs["default"] = "/"
    with pytest.raises(InputError, match="name the array with --key, one of one, two"):
        find(path)


def test_an_array_of_a_usual_name_is_found_in_any_group(tmp_path):
    path = save(tmp_path / "a.h5", deep__in__data=VALUES, deep__in__x=VALUES, axis=np.arange(20))
    assert find(path) == "deep/in/data"


def test_parameters_are_no_data(tmp_path):
    assert find(save(tmp_path / "a.h5", energy=np.arange(5), counts=VALUES, data="text")) == "counts"


def test_groups_are_found_by_their_members(tmp_path):
    path = save(tmp_path / "a.h5", scan__xml=[0], scan__data=[0], other__data=[0])
    with open_hdf5(Path(path)) as file:
        assert group_names(file, "xml", "data") == ["scan"]
        assert group_names(file["scan"], "xml", "data") == ["/"]

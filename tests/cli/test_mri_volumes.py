"""`dipcli mri` where slices, files and formats differ from what is usual; and what is recorded of them."""

import hashlib
import json
import sys

import h5py
import nibabel
import numpy as np
import pytest
from scan_files import as_cfl, as_fastmri, as_npy, header
from scans import full_kspace, noise_of, sampled_kspace, some_lines, to_images, true_maps

from dipcli.pipeline import computing
from tests.commands import QUICK, record_of, sentence_of

AXES = ("--axes", "slice,coil,y,x")
UNDERSAMPLED = ("--undersample", "3", "--center-fraction", "0.3")


@pytest.fixture
def mri(program):
    """`mri(path, ...)` with small networks and few iterations."""
    return lambda *arguments: program("mri", "--width", "4,4", *QUICK, *arguments)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_empty_slice_of_a_volume_stays_black_and_is_warned_about(mri, tmp_path):
    kspace = sampled_kspace(slices=3)
    kspace[0] = 0
    done = mri(as_npy(tmp_path / "a.npy", kspace), "-o", tmp_path / "r.npy", *AXES, "--keep-coils")
    assert done.exit_code == 0, done.stderr
    assert "a.npy [1/3]: is empty, every value is 0; it stays black." in done.stderr
    volume = np.load(tmp_path / "r.npy")
    assert not volume[0].any()
    assert volume[1:].any()
    assert np.isfinite(volume).all()
    assert np.load(tmp_path / "r.coil_images.npy").shape == (3, 4, 24, 20)
    record = record_of(tmp_path / "r.npy")
    assert record["classical"]["beside"] == ["zero-filled", "cg-sense", "tv"]
    empty = [warning for warning in record["warnings"] if "slice 0" in warning]
    assert empty == ["slice 0: is empty, every value is 0; it stays black."]


def test_a_volume_with_an_empty_slice_is_scored(mri, tmp_path):
    kspace = full_kspace(slices=2)
    kspace[1] = 0
    done = mri(as_fastmri(tmp_path / "a.h5", kspace), "-o", tmp_path / "r.npy", *UNDERSAMPLED)
    assert done.exit_code == 2  # an empty slice is not fully sampled
    truth = np.linalg.norm(to_images(kspace), axis=1)
    np.save(tmp_path / "truth.npy", truth)
    path = as_fastmri(tmp_path / "b.h5", kspace * some_lines())
    done = mri(path, "-o", tmp_path / "r.npy", "--reference", tmp_path / "truth.npy")
    assert done.exit_code == 0, done.stderr
    metrics = record_of(tmp_path / "r.npy")["metrics"]
    assert all(np.isfinite(value) for value in metrics.values())


def test_a_slice_of_noise_alone_is_warned_about(mri, tmp_path):
    kspace = sampled_kspace(slices=2)
    kspace[1] = noise_of(kspace[1].shape) * some_lines()
    done = mri(as_fastmri(tmp_path / "a.h5", kspace), "-o", tmp_path / "r.npy")
    assert done.exit_code == 0, done.stderr
    assert "a.h5 [2/2]: holds hardly more than noise" in done.stderr
    assert "[1/2]: holds" not in done.stderr
    assert np.isfinite(np.load(tmp_path / "r.npy")).all()


@pytest.mark.parametrize("empty_first", [True, False])
def test_slices_of_different_models_are_one_volume(mri, tmp_path, empty_first):
    """The calibration block of the second slice is too small for maps, so its network has another shape."""
    kspace = full_kspace(slices=2)
    kspace[0] *= some_lines()
    kspace[1] *= np.isin(np.arange(20), [1, 5, 9, 10, 11, 15, 17])
    kspace = kspace[::-1] if empty_first else kspace
    done = mri(as_fastmri(tmp_path / "a.h5", np.ascontiguousarray(kspace)), "-o", tmp_path / "r.npy")
    assert done.exit_code == 0, done.stderr
    assert record_of(tmp_path / "r.npy")["classical"]["method"] == "patch groups"


def test_a_padded_fastmri_file_can_be_undersampled_for_a_test(mri, tmp_path):
    kspace = full_kspace()
    kspace[..., :4] = kspace[..., 18:] = 0
    path = as_fastmri(tmp_path / "a.h5", kspace, head=header(24, 20, centre=6, measured=14))
    assert "was measured whole" in mri(path, "-o", tmp_path / "whole.h5").stderr
    done = mri(path, *UNDERSAMPLED, "-o", tmp_path / "r.h5")
    assert done.exit_code == 0, done.stderr
    assert record_of(tmp_path / "r.h5")["metrics"]["psnr_db"] > 15
    assert "1 in 2.00" in record_of(tmp_path / "r.h5")["decisions"]["measured"]


def test_nifti_has_the_voxels_of_the_header_and_its_companions_drop_both_endings(mri, tmp_path):
    path = as_fastmri(tmp_path / "a.h5", sampled_kspace(slices=2), head=header(24, 10, lines=20))
    assert mri(path, "-o", tmp_path / "r.nii.gz", "--keep-coils").exit_code == 0
    image = nibabel.load(tmp_path / "r.nii.gz")
    assert image.shape == (10, 24, 2)
    assert image.header.get_zooms() == (10, 10, 5)
    names = {f"r.{end}" for end in ("nii.gz", "run.json", "history.csv", "preview.png", "coil_images.npy")}
    assert {file.name for file in tmp_path.iterdir()} == {"a.h5", *names}


def test_the_record_names_all_that_was_written(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    mri(path, "-o", tmp_path / "r.cfl", "--runs", "2", "--keep-coils")
    outputs = record_of(tmp_path / "r.cfl")["outputs"]
    expected = {"reconstruction": "r.cfl", "hdr": "r.hdr", "preview": "r.preview.png", "history": "r.history.csv"}
    for name in ("spread", "coil_images"):
        expected |= {name: f"r.{name}.cfl", f"{name}.hdr": f"r.{name}.hdr"}
    assert outputs == {name: str(tmp_path / file) for name, file in expected.items()}


def test_the_record_says_how_the_scan_was_read(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace(slices=2))
    mri(path, "-o", tmp_path / "r.npy", *AXES, "--slices", "1")
    options = record_of(tmp_path / "r.npy")["options"]
    assert (options["axes"], options["slices"], options["key"]) == ("slice,coil,y,x", "1", None)


def test_every_file_that_was_read_has_its_hash_in_the_record(mri, tmp_path):
    path = as_cfl(tmp_path / "a.cfl", full_kspace())
    np.save(tmp_path / "mask.npy", some_lines())
    np.save(tmp_path / "maps.npy", true_maps())
    flags = ("--mask", tmp_path / "mask.npy", "--maps", tmp_path / "maps.npy", "--json")
    done = mri(path, "-o", tmp_path / "r.npy", *flags)
    assert done.exit_code == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["input"]["sha256"] == sha256(path)
    others = [tmp_path / name for name in ("mask.npy", "maps.npy", "a.hdr")]
    assert record["input"]["files"] == {str(file): sha256(file) for file in others}


def test_references_in_a_folder_are_found_by_the_name_of_the_scan(mri, tmp_path):
    truth = np.linalg.norm(to_images(full_kspace()), axis=1)
    for folder in ("in", "truth"):
        (tmp_path / folder).mkdir()
    as_fastmri(tmp_path / "in" / "a.h5", sampled_kspace())
    np.save(tmp_path / "truth" / "a.npy", truth)
    flags = ("--reference", tmp_path / "truth", "--format", "nii.gz")
    done = mri("-r", tmp_path / "in", "-o", tmp_path / "out", *flags)
    assert done.exit_code == 0, done.stderr
    assert json.loads((tmp_path / "out" / "a.run.json").read_text())["metrics"]["psnr_db"] > 15


@pytest.mark.parametrize(("name", "library"), [("r.h5", "h5py"), ("r.nii", "nibabel"), ("r.nii.gz", "nibabel")])
def test_a_missing_library_is_said_before_anything_is_computed(mri, tmp_path, monkeypatch, name, library):
    monkeypatch.setitem(sys.modules, library, None)
    sentence = sentence_of(mri(as_npy(tmp_path / "a.npy", sampled_kspace()[0]), "-o", tmp_path / name))
    assert f"needs {library}; pip install 'dipcli[formats]'." in sentence


def test_a_key_or_axes_that_a_format_has_no_use_for_are_warned_about(mri, tmp_path):
    array = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    done = mri(array, "-o", tmp_path / "r.npy", "--key", "kspace")
    assert "a.npy: holds one array, so --key was left aside." in done.stderr
    pair = as_cfl(tmp_path / "b.cfl", sampled_kspace())
    done = mri(pair, "-o", tmp_path / "s.npy", "--key", "kspace", *AXES)
    assert "b.cfl: holds one array, so --key was left aside." in done.stderr
    assert "b.cfl: names its own axes, so --axes was left aside." in done.stderr
    assert done.exit_code == 0


def test_a_seed_that_one_of_the_models_does_not_take_is_no_matter_to_the_other(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    done = mri(path, "-o", tmp_path / "r.npy", "--seed-kind", "meshgrid")
    assert done.exit_code == 0, done.stderr
    assert record_of(tmp_path / "r.npy")["decisions"]["model"].startswith("sense")


def test_a_seed_that_the_chosen_model_does_not_take_is_one_sentence(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    done = mri(path, "-o", tmp_path / "r.npy", "--seed-kind", "meshgrid", "--model", "coil")
    assert done.exit_code == 2
    assert "--prior convdecoder grows from small noise; use --seed-kind uniform." in done.stderr


def test_a_seed_that_only_the_other_model_takes_is_one_sentence(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace(coils=1)[0])
    sentence = sentence_of(
        mri(path, "-o", tmp_path / "r.npy", "--seed-kind", "meshgrid", "--log-level", "error"), 2
    )
    assert "The scan needs the coil model, whose network does not take every flag that was given;" in sentence
    assert sentence.endswith("--model coil says which.")


@pytest.mark.parametrize("option", ["--mask", "--maps", "--reference"])
@pytest.mark.parametrize("content", [None, b"", b"not an array", b"\x89HDF\r\n\x1a\n...", b"\x93NUMPY\x01"])
def test_a_companion_that_cannot_be_read_is_one_sentence(mri, tmp_path, option, content):
    path = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    companion = tmp_path / "other.npy"
    if content is not None:
        companion.write_bytes(content)
    sentence = sentence_of(mri(path, "-o", tmp_path / "r.npy", option, companion, "--log-level", "error"))
    assert "other.npy: " in sentence
    assert not list(tmp_path.glob("r.*"))


def test_a_damaged_record_of_ismrmrd_is_one_sentence(mri, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["dataset/xml"] = np.array([b"<no"], dtype=h5py.string_dtype())
        file["dataset/data"] = np.zeros(4)
    assert "a.h5: " in sentence_of(mri(tmp_path / "a.h5", "-o", tmp_path / "r.h5"))


def test_the_header_of_a_pair_is_told_from_a_scan(mri, tmp_path):
    path = as_cfl(tmp_path / "a.cfl", sampled_kspace())
    assert "is the header of a pair; give a.cfl." in sentence_of(
        mri(path.with_suffix(".hdr"), "-o", tmp_path / "r.h5")
    )


def test_a_volume_that_is_left_goes_on_at_the_next_slice(mri, tmp_path, monkeypatch):
    path = as_npy(tmp_path / "a.npy", sampled_kspace(slices=4))
    original = computing.fit
    begun = []

    def interrupted(statement, context, control, **options):
        begun.append(control.label)
        if len(begun) == 3:
            context.interrupted.set()
        return original(statement, context, control, **options)

    assert mri(path, "-o", tmp_path / "whole.npy", *AXES).exit_code == 0
    monkeypatch.setattr(computing, "fit", interrupted)
    done = mri(path, "-o", tmp_path / "r.npy", *AXES)
    assert done.exit_code == 75
    assert not (tmp_path / "r.npy").exists()
    assert len(list((tmp_path / "r.checkpoint").iterdir())) >= 2
    done = mri(path, "-o", tmp_path / "r.npy", *AXES, "--resume")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert len(record_of(tmp_path / "r.npy")["frames"]) == 4


def test_the_textbook_reconstructions_are_written_where_they_are_wanted(mri, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    names = {"zero_filled", "cg_sense", "tv", "classical"}
    mri(path, "-o", tmp_path / "r.h5", "--keep-classical")
    with h5py.File(tmp_path / "r.h5") as file:
        assert set(file) == {"reconstruction", "complex_image", *names}
        blank = file["zero_filled"][()]
    np.testing.assert_allclose(blank, np.linalg.norm(to_images(sampled_kspace()), axis=1), rtol=1e-4, atol=1e-4)
    mri(path, "-o", tmp_path / "s.npy", "--keep-classical")
    assert names < set(record_of(tmp_path / "s.npy")["outputs"])


def test_inspecting_does_not_mind_outputs_and_makes_none(mri, tmp_path):
    (tmp_path / "in").mkdir()
    path = as_npy(tmp_path / "in" / "a.npy", sampled_kspace()[0])
    as_fastmri(tmp_path / "in" / "a.h5", sampled_kspace())
    (tmp_path / "in" / "a_restored.h5").write_bytes(b"mine")
    assert mri(path, "--inspect").exit_code == 0
    done = mri(path, tmp_path / "in" / "a.h5", "--inspect", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.count("acceleration") == 2
    assert not (tmp_path / "out").exists()

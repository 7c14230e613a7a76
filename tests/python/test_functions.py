"""The commands as functions: what they return is what the commands write, and wrong arguments are one sentence."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
import torch
from patterns import simulated
from PIL import Image
from projections import noisy_sinogram
from scans import sampled_kspace

import dipcli
from dipcli import (
    DipcliError,
    deblur,
    denoise,
    inpaint,
    phase_retrieve,
    reconstruct,
    reconstruct_slices,
    upscale,
)
from tests.commands import save_noisy

QUICK = {"iterations": 4, "runs": 1}


@pytest.fixture
def array(tmp_path):
    """A small noisy picture in colours."""
    with Image.open(save_noisy(tmp_path / "noisy.png")) as picture:
        return np.asarray(picture)


@pytest.fixture
def file(array, tmp_path):
    np.save(tmp_path / "image.npy", array)
    return tmp_path / "image.npy"


def sentence(function, *arguments, **options):
    with pytest.raises(DipcliError) as caught:
        function(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "code",
    ["import sys, dipcli", "import sys\nfrom dipcli import denoise, inpaint", "import sys, dipcli\ndir(dipcli)"],
)
def test_importing_loads_no_torch(code):
    script = f"{code}\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_function_returns_what_the_command_writes(program, array, file, tmp_path):
    options = ("--classical", "0.5", "--iterations", "4", "--runs", "2", "--threads", "1", "--seed", "3")
    assert program("denoise", file, "-o", tmp_path / "clean.npy", *options).exit_code == 0
    result = denoise(array, classical=0.5, iterations=4, runs=2, threads=1, seed=3)
    np.testing.assert_array_equal(result.image, np.load(tmp_path / "clean.npy"))
    assert result.image.dtype == array.dtype
    assert result.spread.shape == array.shape
    assert result.ending == "max_iterations"
    assert result.history["iteration"].tolist() == [1, 2, 3, 4] * 2
    assert np.isfinite(result.history["loss"]).all()


def test_its_record_says_what_the_command_says(program, array, file, tmp_path):
    program("denoise", file, "-o", tmp_path / "clean.npy", "--classical", "1")
    result = denoise(array, classical=1)
    assert result.record["argv"] == ["dipcli", "denoise", "--classical", "1.0", "--", "image.npy"]
    assert result.record["input"]["path"] == "image.npy"
    assert result.record["command"] == "denoise"
    assert result.history == {}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_the_type_and_the_unit_stay(array, dtype):
    scaled = (array * 100.0 + 7).astype(dtype) if dtype != "uint8" else array
    result = denoise(scaled, preset="instant")
    assert result.image.dtype == dtype
    assert abs(float(result.image.mean()) - float(scaled.mean())) < 0.02 * float(np.ptp(scaled))


def test_the_input_and_the_settings_of_the_process_stay(array):
    before, threads = array.copy(), torch.get_num_threads()
    torch.manual_seed(5)
    expected = torch.get_rng_state()
    denoise(array, classical=0.5, threads=2, **QUICK)
    np.testing.assert_array_equal(array, before)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), expected)


def test_scores_follow_a_reference(array):
    assert denoise(array, preset="instant", reference=array[::-1]).record["metrics"]["psnr_db"] > 5


def test_files_are_taken_too(file, tmp_path):
    assert denoise(str(file), preset="instant").image.shape == (20, 24, 3)
    assert (
        sentence(denoise, tmp_path / "none.png") == f"{tmp_path}/none.png: there is no such file; check the path."
    )


@pytest.mark.parametrize("mark", [True, 255, 1])
def test_known_pixels_of_a_masked_array_stay(array, mark):
    mask = np.zeros(array.shape[:2], bool if mark is True else np.uint8)
    mask[5:9, 4:12] = mark
    result = inpaint(array, mask, preset="instant")
    np.testing.assert_array_equal(result.image[mask == 0], array[mask == 0])
    assert (result.image[5:9, 4:12] != array[5:9, 4:12]).any()


def test_nan_is_missing(array):
    hidden = array.astype(np.float32)
    hidden[5:9, 4:12] = np.nan
    assert np.isfinite(inpaint(hidden, preset="instant").image).all()


def test_each_task_returns_its_arrays(array):
    assert upscale(array, 2, preset="instant").image.shape == (40, 48, 3)
    blurred = deblur(array, np.full((3, 3), 1 / 9), method="wiener", keep=True)
    np.testing.assert_allclose(blurred.objects["kernel"].sum(), 1, atol=1e-5)
    kspace = sampled_kspace()
    assert reconstruct(kspace[0], axes="coil,y,x", preset="instant").image.shape == (1, *kspace.shape[2:])
    for angles in (180, [6.0 * view for view in range(30)], "0:174"):
        slices = reconstruct_slices(noisy_sinogram(), angles, preset="instant", method="fbp")
        assert slices.image.shape == (1, 48, 48)
        assert slices.record["decisions"]["views"] == "30 from 0 to 174 degrees"
    counts, truth = simulated()
    found = phase_retrieve(counts, np.zeros(counts.shape, bool), reference=truth, starts=2, cycles=20, rounds=1)
    assert np.iscomplexobj(found.image)
    assert found.objects["support"].shape == found.image.shape == found.classical.shape
    assert "error" in found.record["metrics"]


def test_a_notebook_shows_input_and_result(array, tmp_path):
    result = upscale(array, 2, preset="instant")
    (tmp_path / "shown.png").write_bytes(result._repr_png_())
    with Image.open(tmp_path / "shown.png") as shown:
        assert shown.size[0] > 2 * shown.size[1]
    assert "(40, 48, 3) uint8" in repr(result)
    assert denoise(np.random.default_rng(0).random(64), preset="instant")._repr_png_() is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sigmaa": 0.1}, "denoise() has no option sigmaa; did you mean sigma?"),
        ({"presets": "fast"}, "denoise() has no option presets; did you mean preset?"),
        ({"qwertz": 1}, "denoise() has no option qwertz; help(dipcli.denoise) names all that it has."),
        ({"runs": 0}, "--runs: 0 is less than 1."),
        ({"runs": 1.5}, "--runs cannot be 1.5."),
        ({"preset": "quick"}, "--preset cannot be 'quick'."),
        ({"sigma": float("nan")}, "--sigma: nan is no finite number."),
        ({"width": (0,)}, "--width: 0 is less than 1."),
        ({"device": "abacus"}, "--device abacus is not available here; try cpu or auto."),
        ({"reference": np.zeros((9, 9))}, "reference.npy: 9x9 pixels, but every side"),
        ({"jpeg": True, "sigma": 0.1}, "--jpeg knows its noise from the file; leave --sigma out."),
    ],
)
def test_wrong_options_are_one_sentence(array, options, said):
    assert sentence(denoise, array, **options).startswith(said)


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 3, 4, 5, 6)), np.zeros((20, 20), complex), np.zeros((20, 20)), np.zeros((4, 4, 3))]
)
def test_wrong_arrays_are_the_sentence_of_the_command(program, wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("image.npy", wrong)
    done = program("denoise", "image.npy", "-o", "clean.npy")
    assert sentence(denoise, wrong) == done.stderr.strip()


def test_what_is_no_array_is_said():
    assert sentence(denoise, [object()]) == "image: holds objects, which are no numbers; give an array of numbers."


@pytest.mark.parametrize("name", sorted(set(dipcli.__all__) - {"DipcliError", "Result", "__version__"}))
def test_help_names_every_option(name):
    function = getattr(dipcli, name)
    options = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert {"preset", "seed", "iterations"} <= set(options)
    assert all(f"    {option}: " in function.__doc__ for option in options)


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'sharpen'"):
        dipcli.sharpen  # noqa: B018

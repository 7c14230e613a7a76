import csv
import json
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from tests.commands import pixels_of, save_noisy

RECORD = {
    "version",
    "command",
    "options",
    "seed",
    "input",
    "outputs",
    "device",
    "threads",
    "iterations",
    "best_iteration",
    "ending",
    "seconds",
    "metrics",
    "warnings",
    "classical",
}


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_the_path_of_the_output_is_all_that_stdout_says(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "clean.png")
    assert done.exit_code == 0
    assert done.stdout == f"{tmp_path / 'clean.png'}\n"
    assert pixels_of(tmp_path / "clean.png").shape == (20, 24, 3)


def test_without_an_output_the_result_lies_beside_the_input(denoise, noisy):
    assert denoise(noisy).exit_code == 0
    assert noisy.with_name("noisy_restored.png").exists()


def test_the_record_says_all_that_is_promised(denoise, noisy, tmp_path):
    denoise(noisy, "-o", tmp_path / "clean.png", "--reference", noisy)
    record = json.loads((tmp_path / "clean.run.json").read_text())
    assert set(record) >= RECORD
    assert set(record["input"]) == {"path", "sha256", "shape", "dtype"}
    assert record["metrics"]["ssim"] <= 1
    assert record["engine"]["stopping"]["iterations"] == 4


def test_the_history_has_a_row_for_each_iteration(denoise, noisy, tmp_path):
    denoise(noisy, "-o", tmp_path / "clean.png", "--reference", noisy, "--runs", "2")
    rows = rows_of(tmp_path / "clean.history.csv")
    assert list(rows[0])[:5] == ["frame", "run", "iteration", "seconds", "data"]
    assert list(rows[0])[-2:] == ["score", "psnr_db"]
    assert [row["iteration"] for row in rows] == ["1", "2", "3", "4"]


def test_the_last_row_of_the_history_is_the_picture_that_was_written(denoise, noisy, tmp_path):
    denoise(noisy, "-o", tmp_path / "clean.png", "--reference", noisy, "--stop", "never")
    rows = rows_of(tmp_path / "clean.history.csv")
    record = json.loads((tmp_path / "clean.run.json").read_text())
    assert abs(float(rows[-1]["psnr_db"]) - record["metrics"]["psnr_db"]) < 1e-3


def test_json_prints_the_record(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "clean.png", "--json")
    assert json.loads(done.stdout) == json.loads((tmp_path / "clean.run.json").read_text())


def test_two_runs_leave_their_spread(program, noisy, tmp_path):
    program(
        "denoise", "--classical", "0.5", noisy, "-o", tmp_path / "clean.png", "--iterations", "3", "--runs", "2"
    )
    spread = tifffile.imread(tmp_path / "clean.spread.tif")
    assert spread.shape == (20, 24, 3)
    assert (spread >= 0).all()
    assert spread.max() > 0


def test_the_same_seed_gives_the_same_bytes_alone_or_in_a_batch(denoise, tmp_path):
    for name in ("a.png", "b.png"):
        save_noisy(tmp_path / name)
    denoise(tmp_path / "a.png", tmp_path / "b.png", "-o", tmp_path / "both")
    denoise(tmp_path / "b.png", "-o", tmp_path / "alone.png")
    assert (tmp_path / "both" / "b.png").read_bytes() == (tmp_path / "alone.png").read_bytes()


def test_another_seed_gives_another_picture(denoise, noisy, tmp_path):
    for seed in (0, 1):
        denoise(noisy, "-o", tmp_path / f"{seed}.png", "--seed", seed, "--classical", 0)
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "1.png").read_bytes()


def test_sixteen_bits_stay_sixteen(denoise, tmp_path):
    deep = np.random.default_rng(0).integers(9000, 50000, (20, 24), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    denoise(tmp_path / "deep.png", "-o", tmp_path / "clean.png")
    assert pixels_of(tmp_path / "clean.png").dtype == np.uint16


def test_transparency_passes_through(denoise, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (20, 24, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "glass.png")
    denoise(tmp_path / "glass.png", "-o", tmp_path / "clean.png")
    assert (pixels_of(tmp_path / "clean.png")[..., 3] == pixels[..., 3]).all()


def test_every_page_of_a_stack_is_restored(denoise, tmp_path):
    pages = np.random.default_rng(0).integers(0, 255, (3, 20, 24), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "stack.tif", pages, photometric="minisblack")
    denoise(tmp_path / "stack.tif", "-o", tmp_path / "clean.tif")
    assert tifffile.imread(tmp_path / "clean.tif").shape == (3, 20, 24)
    record = json.loads((tmp_path / "clean.run.json").read_text())
    assert len(record["frames"]) == 3
    assert record["iterations"] == 12


def test_a_volume_is_one_unknown(denoise, tmp_path):
    volume = np.random.default_rng(0).random((16, 18, 20), dtype=np.float32)
    np.save(tmp_path / "volume.npy", volume)
    done = denoise(tmp_path / "volume.npy", "-o", tmp_path / "clean.npy", "--volume")
    assert done.exit_code == 0, done.stderr
    assert np.load(tmp_path / "clean.npy").shape == (16, 18, 20)
    assert "frames" not in json.loads((tmp_path / "clean.run.json").read_text())


def test_a_signal_of_one_axis_is_denoised(denoise, tmp_path):
    np.save(tmp_path / "signal.npy", np.sin(np.linspace(0, 20, 300)).astype(np.float32))
    assert denoise(tmp_path / "signal.npy", "-o", tmp_path / "clean.npy").exit_code == 0
    assert np.load(tmp_path / "clean.npy").shape == (300,)


def test_missing_values_are_filled_with_a_warning(denoise, tmp_path):
    values = np.random.default_rng(0).random((20, 24), dtype=np.float32)
    values[5, 5] = np.nan
    tifffile.imwrite(tmp_path / "hole.tif", values)
    done = denoise(tmp_path / "hole.tif", "-o", tmp_path / "clean.tif")
    assert "not finite" in done.stderr
    assert np.isfinite(tifffile.imread(tmp_path / "clean.tif")).all()


def test_every_network_and_every_stopper_runs(denoise, noisy, tmp_path):
    for prior in ("skip", "decoder", "projector", "siren"):
        flags = ("--prior", prior, "--width", "8,8", "--skip-width", "4", "--seed-channels", "8")
        done = denoise(noisy, "-o", tmp_path / f"{prior}.png", *flags)
        assert done.exit_code == 0, done.stderr
    for stop in ("wmv", "emv", "held-out", "never"):
        done = denoise(noisy, "-o", tmp_path / f"{stop}.png", "--stop", stop, "--window", 2, "--warm-up", 0)
        assert done.exit_code == 0, done.stderr


def test_every_loss_runs_and_is_named_in_the_record(denoise, noisy, tmp_path):
    for loss in ("auto", "mse", "rmse", "l1", "huber", "poisson"):
        denoise(noisy, "-o", tmp_path / f"{loss}.png", "--loss", loss)
        record = json.loads((tmp_path / f"{loss}.run.json").read_text())
        assert record["options"]["loss"] == loss
        assert record["decisions"]["noise"]


def test_the_paper_preset_is_the_published_recipe(program, noisy, tmp_path):
    flags = ("--preset", "paper", "--iterations", "1", "--width", "8x5")
    assert program("denoise", "--classical", "0.5", noisy, "-o", tmp_path / "clean.png", *flags).exit_code == 0
    engine = json.loads((tmp_path / "clean.run.json").read_text())["engine"]
    assert engine["prior"]["jitter"] == 1 / 30
    assert engine["prior"]["skip_width"] == [4]
    assert engine["descent"]["learning_rate"] == 0.01
    assert (engine["stopping"]["window"], engine["stopping"]["patience"]) == (100, 1000)
    assert engine["stopping"]["averaging"] == 0.99


def test_a_time_that_is_over_before_the_fit_leaves_the_classical_answer(program, noisy, tmp_path):
    done = program(
        "denoise", "--classical", "0.5", noisy, "-o", tmp_path / "clean.png", "--max-time", "0.001", "--runs", "1"
    )
    assert done.exit_code == 0
    record = json.loads((tmp_path / "clean.run.json").read_text())
    assert record["ending"] == "classical"
    assert any("--max-time" in warning for warning in record["warnings"])


def test_the_input_is_never_touched(denoise, noisy, tmp_path):
    before = noisy.read_bytes()
    denoise(noisy, "-o", tmp_path / "clean.png")
    assert noisy.read_bytes() == before


def test_a_reference_folder_is_searched_for_the_same_name(denoise, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "truth").mkdir()
    save_noisy(tmp_path / "in" / "a.png")
    save_noisy(tmp_path / "truth" / "a.png", seed=1)
    done = denoise("-r", tmp_path / "in", "-o", tmp_path / "out", "--reference", tmp_path / "truth", "--json")
    assert json.loads(done.stdout)["metrics"]["psnr_db"] > 0


def test_the_record_of_a_relative_path_names_its_input(denoise, noisy, monkeypatch):
    monkeypatch.chdir(noisy.parent)
    denoise(Path("noisy.png"), "-o", "clean.png")
    assert json.loads(Path("clean.run.json").read_text())["input"]["path"] == "noisy.png"

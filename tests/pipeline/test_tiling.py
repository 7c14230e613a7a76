"""Pictures in tiles: no seam, honest records, and when memory wants them."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from dipcli.engine.forecast import PROCESS_BYTES, UNSURE, Workload, forecast_of, free_bytes
from dipcli.options.engine import EngineOptions, PriorOptions, StoppingOptions
from dipcli.pipeline import computing, tiling
from dipcli.problem import Unknown
from tests.commands import pixels_of, save_hole, save_noisy


@pytest.fixture
def large(tmp_path):
    """A noisy 200 x 180 colour picture: large for tiles of 96."""
    return save_noisy(tmp_path / "large.png", (200, 180, 3))


def test_no_seam_is_where_tiles_meet(program, large, tmp_path):
    flags = ("--iterations", "60", "--runs", "1", "--threads", "1", "--sigma", "0.1")
    program("denoise", large, "-o", tmp_path / "whole.png", *flags)
    done = program("denoise", large, "-o", tmp_path / "tiled.png", "--tile", "96", *flags)
    assert done.exit_code == 0, done.stderr
    whole, tiled = (pixels_of(tmp_path / f"{name}.png").astype(float) for name in ("whole", "tiled"))
    difference = np.abs(whole - tiled).mean(2)
    # Tiles share columns 50 to 82 and 99 to 131, about; a seam would be a line of larger differences.
    across = np.abs(np.diff(tiled - whole, axis=1)).mean((0, 2))
    assert difference.mean() < 6
    assert across.max() < 4 * np.median(across)


def test_the_record_tells_of_the_tiles(denoise, large, tmp_path):
    done = denoise(large, "-o", tmp_path / "tiled.png", "--tile", "128", "--runs", "2", "--reference", large)
    assert done.exit_code == 0, done.stderr
    record = json.loads((tmp_path / "tiled.run.json").read_text())
    assert record["decisions"]["tiles"] == "4 of up to 121 pixels"
    assert record["iterations"] == sum(run["iterations"] for run in record["runs"])
    assert len(record["runs"]) == 4 * 1
    assert record["metrics"]["psnr_db"] > 15
    rows = (tmp_path / "tiled.history.csv").read_text().splitlines()
    assert len(rows) == 1 + record["iterations"]


def test_tiles_of_a_mask_leave_the_known_pixels_alone(inpaint, large, tmp_path):
    hole = save_hole(tmp_path / "mask.png", (200, 180))
    done = inpaint(large, "--mask", tmp_path / "mask.png", "-o", tmp_path / "whole.png", "--tile", "128")
    assert done.exit_code == 0, done.stderr
    assert np.array_equal(pixels_of(tmp_path / "whole.png")[~hole], pixels_of(large)[~hole])


def test_tiles_are_enlarged(upscale, tmp_path):
    small = save_noisy(tmp_path / "small.png", (80, 60, 3))
    done = upscale(small, "--factor", "2", "-o", tmp_path / "large.png", "--tile", "48")
    assert done.exit_code == 0, done.stderr
    assert pixels_of(tmp_path / "large.png").shape == (160, 120, 3)


def test_a_picture_that_does_not_fit_is_cut_into_tiles(denoise, large, tmp_path, monkeypatch):
    monkeypatch.setattr(tiling, "SMALL", 1000)
    monkeypatch.setattr(tiling, "LEAST_SIDE", 64)
    monkeypatch.setattr(computing, "free_bytes", lambda device: PROCESS_BYTES / tiling.SHARE + 80e6)
    done = denoise(large, "-o", tmp_path / "tiled.png")
    assert done.exit_code == 0, done.stderr
    assert "tiles" in json.loads((tmp_path / "tiled.run.json").read_text())["decisions"]
    done = denoise(large, "-o", tmp_path / "whole.png", "--tile", "0")
    assert done.exit_code == 1
    assert "leave --tile 0 out" in done.stderr


def test_a_picture_that_fits_in_no_tile_is_refused(denoise, large, tmp_path, monkeypatch):
    monkeypatch.setattr(tiling, "SMALL", 1000)
    monkeypatch.setattr(computing, "free_bytes", lambda device: 1e8)
    done = denoise(large, "-o", tmp_path / "tiled.png")
    assert done.exit_code == 1
    assert "needs about 0.6 GB, and 0.1 GB are free" in done.stderr


def test_a_forecast_grows_with_the_picture():
    engine = EngineOptions(PriorOptions(width=(8,)), stopping=StoppingOptions(iterations=100))
    small, large = (
        forecast_of(Workload((1, side, side), engine, {"image": Unknown((1, side, side))}), torch.device("cpu"))
        for side in (256, 2560)
    )
    assert large.bytes > 3 * small.bytes > 3 * PROCESS_BYTES
    assert large.seconds > small.seconds > small.least_seconds > 0


def test_a_forecast_without_a_network_is_of_the_classical_answer_alone():
    work = Workload((1, 256, 256), EngineOptions(), classical_seconds=10.0, classical_bytes=1e6)
    alone = forecast_of(work, torch.device("cpu"))
    assert alone.bytes == PROCESS_BYTES + 1e6
    assert alone.seconds == pytest.approx(UNSURE**2 * alone.least_seconds)


def work_of(**stopping):
    """A frame with a fit of a tiny network."""
    engine = EngineOptions(PriorOptions(width=(4,)), stopping=StoppingOptions(**stopping))
    return Workload((1, 96, 96), engine, {"image": Unknown((1, 96, 96))}, classical_seconds=0.1)


def seconds_of(work):
    cost = forecast_of(work, torch.device("cpu"))
    return cost.least_seconds, cost.seconds


def test_a_forecast_goes_from_the_first_ending_to_the_bound():
    least, most = seconds_of(work_of(iterations=100_000, warm_up=100, patience=100))
    assert most > 100 * least
    least, most = seconds_of(work_of(iterations=100_000, warm_up=100, patience=100, stop="never"))
    assert most == pytest.approx(UNSURE**2 * least)


def test_a_forecast_follows_the_bound_on_time():
    assert seconds_of(work_of(iterations=10**6))[1] > 60
    assert seconds_of(work_of(iterations=10**6, max_time=3.0))[1] < 10


def test_a_trial_may_show_that_nothing_is_fitted():
    work = work_of(iterations=10_000, warm_up=10, patience=10, runs=8)
    tried = replace(work, trial=(1, 48, 48))
    assert seconds_of(tried)[0] < seconds_of(work)[0]
    assert seconds_of(tried)[1] > seconds_of(work)[1]


def test_a_dry_run_tells_of_the_tiles(program, large, tmp_path):
    done = program("denoise", large, "-o", tmp_path / "out.png", "--tile", "128", "--dry-run", "--threads", "1")
    assert ", 4 tiles, " in done.stdout.splitlines()[-1]


def test_a_dry_run_refuses_what_does_not_fit(denoise, large, tmp_path, monkeypatch):
    monkeypatch.setattr(tiling, "SMALL", 1000)
    monkeypatch.setattr(computing, "free_bytes", lambda device: 1e8)
    done = denoise(large, "-o", tmp_path / "out.png", "--dry-run")
    assert done.exit_code == 1
    assert "GB are free" in done.stderr


def test_a_long_run_says_its_forecast_as_it_begins(denoise, large, tmp_path, monkeypatch):
    monkeypatch.setattr(computing, "LONG_SECONDS", 0.0)
    done = denoise(large, "-o", tmp_path / "out.png", "--tile", "128")
    assert re.search(r"^large.png: forecast [\d.]+(-[\d.]+)? s, 4 tiles, 0\.\d GB$", done.stderr, re.M)


def test_a_forecast_draws_nothing_from_the_random_numbers_of_a_run():
    before = torch.get_rng_state()
    forecast_of(Workload((1, 64, 64), EngineOptions(), {"image": Unknown((1, 64, 64))}), torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)


def test_free_memory_is_told_here():
    free = free_bytes(torch.device("cpu"))
    assert free is None or free > 1e7


def test_a_picture_takes_no_more_than_is_plenty_though_more_is_free():
    work = Workload((3, 3000, 4000), EngineOptions(), {}, 60.0, 10e9)
    free = 100 * tiling.GIGABYTE
    side = tiling.side_of_tiles(work, torch.device("cpu"), None, free)
    assert side is not None
    assert side == tiling.side_of_tiles(work, torch.device("cpu"), None, free / 10)
    assert tiling.side_of_tiles(work, torch.device("cpu"), 0, free) is None

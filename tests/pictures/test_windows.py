"""Gaps that are far apart are filled each in a window of its own."""

import numpy as np
import pytest
import torch
from PIL import Image

from dipcli.pictures.windows import windows_of_groups
from tests.commands import pixels_of, record_of


def mask_without(*places, space=(600, 700)):
    mask = torch.ones(1, *space, dtype=torch.bool)
    for place in places:
        mask[(0, *place)] = False
    return mask


def around(_):
    return 10


HERE, NEAR_HERE, THERE = np.s_[100:104, 50:60], np.s_[130:134, 70:75], np.s_[500:501, 600:640]


def test_every_group_has_a_window_and_what_is_near_is_one_group():
    found = windows_of_groups(mask_without(HERE, NEAR_HERE, THERE), around)
    assert found == [np.s_[90:144, 40:85], np.s_[490:511, 590:650]]


def test_windows_end_with_the_frame():
    found = windows_of_groups(mask_without(np.s_[0:2, 0:3], np.s_[598:600, 699:700]), around)
    assert found == [np.s_[0:12, 0:13], np.s_[588:600, 689:700]]


def test_windows_that_overlap_are_one():
    mask = mask_without(HERE, THERE, np.s_[200:202, 50:52])
    found = windows_of_groups(mask, lambda part: 100 if part.shape[1:] == (2, 2) else 10)
    assert found == [np.s_[90:302, 0:152], np.s_[490:511, 590:650]]


@pytest.mark.parametrize("places", [(), (HERE,), (HERE, NEAR_HERE)])
def test_one_group_has_no_window_of_its_own(places):
    assert windows_of_groups(mask_without(*places), around) == []


def test_gaps_all_over_the_frame_are_filled_at_once():
    speckled = torch.ones(1, 600, 700, dtype=torch.bool)
    speckled[:, ::120, ::120] = False
    assert windows_of_groups(speckled, lambda _: 48) == []


@pytest.fixture(scope="module")
def scratched(tmp_path_factory):
    """A smooth picture with a stroke and, far away, a hole."""
    folder = tmp_path_factory.mktemp("scratched")
    down, right = np.mgrid[0:400, 0:420]
    clean = (127 + 60 * np.sin(down / 40) + 50 * np.cos(right / 55)).astype(np.uint8)
    gone = np.zeros(clean.shape, np.uint8)
    gone[40:90, 60:62] = gone[330:360, 340:370] = 255
    Image.fromarray(np.where(gone > 0, 0, clean).astype(np.uint8)).save(folder / "scratched.png")
    Image.fromarray(gone).save(folder / "mask.png")
    return folder, clean, gone > 0


def test_a_stroke_and_a_hole_far_from_it_are_filled_each_by_its_recipe(inpaint, scratched, tmp_path):
    folder, clean, gone = scratched
    out = tmp_path / "whole.png"
    done = inpaint(folder / "scratched.png", "--mask", folder / "mask.png", "-o", out)
    assert done.exit_code == 0, done.stderr
    after = pixels_of(out)
    assert (after[~gone] == clean[~gone]).all()
    assert np.abs(after[gone].astype(float) - clean[gone]).max() < 12
    decisions = record_of(out)["decisions"]
    assert decisions["recipe"] == "strokes | holes"
    assert decisions["windows"].startswith("2 of up to ")


def test_there_are_no_windows_where_tiles_were_asked_for_or_forbidden(inpaint, scratched, tmp_path):
    folder, _, _ = scratched
    out = tmp_path / "whole.png"
    flags = ["--mask", folder / "mask.png", "-o", out, "--dry-run"]
    assert "2 tiles" in inpaint(folder / "scratched.png", *flags).stdout
    assert "tiles" not in inpaint(folder / "scratched.png", *flags, "--tile", "0").stdout

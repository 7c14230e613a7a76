"""The classical search: better than filtered back-projection, in any unit, without rings."""

import numpy as np
import pytest
import torch
from projections import noisy_sinogram, true_slice
from test_projection import geometry

from dipcli.errors import InputError
from dipcli.metrics import peak_psnr_db
from dipcli.pipeline.medium import Control
from dipcli.tomography import reconstruction
from dipcli.tomography.filtered import filtered_back_projection
from dipcli.tomography.options import CorrectionOptions, ImagingOptions, TomographyOptions
from dipcli.tomography.reconstruction import Slice, rays_of, state_tomography, without_rings


def stated(values, method="patches", **correction):
    tensor = torch.from_numpy(values)[None]
    scan = Slice(tensor, torch.ones_like(tensor) > 0, geometry(tensor.shape[2], tensor.shape[1]))
    options = TomographyOptions(
        correction=CorrectionOptions(**correction), imaging=ImagingOptions(method=method, classical=1.0)
    )
    return state_tomography(scan, options, Control())


@pytest.fixture(scope="module")
def statement():
    torch.set_num_threads(1)
    return stated(noisy_sinogram())


def quality(image):
    return peak_psnr_db(image, torch.from_numpy(true_slice())[None])


def test_patch_groups_and_total_variation_are_better_than_filtered_back_projection(statement):
    fbp, tv, found = (quality(each) for each in (*statement.beside.values(), statement.finished({}).picture))
    assert tv > fbp + 2
    assert found > tv - 1  # in so small an image few patches are alike


def test_nothing_depends_on_the_unit(statement):
    again = stated(1000 * noisy_sinogram()).finished({}).picture / 1000
    assert quality(again) == pytest.approx(quality(statement.finished({}).picture), abs=0.1)


@pytest.mark.parametrize("method", ["fbp", "sirt", "tv"])
def test_other_methods_can_be_had(method, monkeypatch):
    monkeypatch.setattr(reconstruction, "SIRT_ROUNDS", 40)
    assert quality(stated(noisy_sinogram(), method).finished({}).picture) > 17


def test_pixels_that_differ_in_all_views_make_no_rings():
    values = noisy_sinogram(views=60)
    spoilt = values.copy()
    spoilt[:, [9, 30]] += (2.0, -3.0)
    rays, scale, _ = rays_of(
        Slice(torch.from_numpy(spoilt)[None], torch.ones(1, *values.shape) > 0, geometry(48, 60))
    )
    corrected, count = without_rings(rays, filtered_back_projection(rays, "hann"))
    change = scale * (rays.values - corrected.values)[0].mean(0)
    assert 2 <= count <= 6
    assert float(change[30]) < -1.5
    assert float(change[9]) > 1.0


def test_empty_projections_are_refused():
    with pytest.raises(InputError, match="empty"):
        stated(np.zeros((30, 48), np.float32))

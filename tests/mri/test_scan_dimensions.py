"""Scans as they come: averages, contrasts, 3D encodings, noise scans; and what is no Cartesian k-space."""

import h5py
import numpy as np
import pytest
from scan_files import as_cfl, as_fastmri, as_ismrmrd, as_npy, header, readout
from scans import full_kspace, noise_of, some_lines, to_images, true_image, true_maps
from scipy import io

from dipcli.errors import InputError, OptionError
from dipcli.mri.cfl import encode_cfl
from dipcli.mri.options import ReadingOptions
from dipcli.mri.readers import load_scan


def load(path, **options):
    return load_scan(path, ReadingOptions(**options))


def save_cfl(path, array, order):
    values, head = encode_cfl(array, order)
    path.write_bytes(values)
    path.with_suffix(".hdr").write_bytes(head)
    return path


def along_readout(slices):
    """K-space encoded in 3D, (coils, readout, y, x), of slices (n, coils, y, x)."""
    moved = np.fft.ifftshift(slices, 0)
    return np.moveaxis(np.fft.fftshift(np.fft.fft(moved, axis=0, norm="ortho"), 0), 0, 1).astype(np.complex64)


@pytest.fixture
def volume():
    """Slices (8, 4, 24, 20) of which only some lines were measured, and their encoding in 3D."""
    slices = full_kspace(slices=8) * some_lines()
    return slices, along_readout(slices)


def test_a_3d_scan_of_bart_becomes_slices_along_its_readout(tmp_path, volume):
    slices, encoded = volume
    scan = load(save_cfl(tmp_path / "a.cfl", encoded, (3, 0, 1, 2)))
    np.testing.assert_allclose(scan.kspace, slices, atol=1e-5)
    assert np.array_equal(scan.sampled[0], np.broadcast_to(some_lines(), (24, 20)))
    assert scan.bart_axes == (0, 1, 2)
    other = load(save_cfl(tmp_path / "b.cfl", encoded.transpose(0, 2, 3, 1), (3, 0, 1, 2)))
    assert other.bart_axes[0] in (0, 2)  # y was measured whole, too


def test_a_3d_array_is_named_by_z(tmp_path, volume):
    slices, encoded = volume
    scan = load(as_npy(tmp_path / "a.npy", encoded), axes="coil,y,z,x")
    np.testing.assert_allclose(scan.kspace, slices, atol=1e-5)


def test_a_3d_scan_without_a_readout_is_one_sentence(tmp_path):
    kept = np.random.default_rng(0).random((8, 24, 20)) < 0.5
    with pytest.raises(InputError, match=r"is encoded in 3D \(8x24x20\), and no direction was measured whole"):
        load(as_npy(tmp_path / "a.npy", along_readout(full_kspace(slices=8)) * kept), axes="coil,y,z,x")


def test_a_3d_scan_of_ismrmrd_becomes_slices_without_its_oversampling(tmp_path, volume):
    slices, _ = volume
    wide = along_readout(np.pad(slices, [(4, 4), (0, 0), (0, 0), (0, 0)]))
    records = [
        readout(wide[:, :, line, part], line, kspace_encode_step_2=part)
        for line in range(24)
        for part in range(20)
        if some_lines()[part]
    ]
    path = as_ismrmrd(tmp_path / "a.h5", records, header(8, 24, columns=16, lines=24, partitions=20))
    scan = load(path)
    np.testing.assert_allclose(scan.kspace, slices, atol=1e-5)
    assert np.array_equal(scan.sampled[3], np.broadcast_to(some_lines(), (24, 20)))
    assert load(path, keep_oversampling=True).kspace.shape == (16, 4, 24, 20)
    assert load(path, slices="2").slices == (2,)


def test_averages_are_joined_by_what_was_measured(tmp_path):
    kspace = full_kspace()[0]
    both = np.stack([kspace * 0.9, kspace * 1.1])
    both[1, :, :, :6] = 0
    expected = np.concatenate([0.9 * kspace[..., :6], kspace[..., 6:]], -1)
    for path, options in (
        (as_npy(tmp_path / "a.npy", both), {"axes": "average,coil,y,x"}),
        (save_cfl(tmp_path / "a.cfl", both, (14, 3, 0, 1)), {}),
    ):
        np.testing.assert_allclose(load(path, **options).kspace[0], expected, rtol=1e-5)


def test_echoes_and_times_are_further_slices(tmp_path):
    kspace = full_kspace(slices=6).reshape(2, 3, 4, 24, 20)
    scan = load(save_cfl(tmp_path / "a.cfl", kspace, (5, 10, 3, 0, 1)))
    assert np.array_equal(scan.kspace, kspace.reshape(6, 4, 24, 20))
    echoes = load(save_cfl(tmp_path / "b.cfl", kspace[:, 0], (5, 3, 0, 1)))
    assert echoes.bart_axes == (5, 0, 1)
    named = load(as_npy(tmp_path / "a.npy", kspace), axes="repetition,contrast,coil,y,x")
    assert np.array_equal(named.kspace, scan.kspace)


@pytest.mark.parametrize("shape", ["coils first", "samples first"])
def test_a_noise_scan_from_a_file_whitens_the_coils(tmp_path, shape):
    mixing = np.diag([1, 2, 3, 4]).astype(np.complex64)
    noise = mixing @ noise_of((4, 500))
    np.save(tmp_path / "noise.npy", noise if shape == "coils first" else noise.T)
    path = as_npy(tmp_path / "a.npy", np.einsum("cd,dyx->cyx", mixing, noise_of((4, 24, 20), seed=1)))
    white = load(path, noise=tmp_path / "noise.npy", key=None, axes="coil,y,x").kspace[0]
    assert np.allclose(white.real.std((1, 2)), 1, atol=0.2)


def test_noise_of_too_few_samples_is_one_sentence(tmp_path):
    np.save(tmp_path / "noise.npy", noise_of((4, 5)))
    with pytest.raises(OptionError, match=r"noise of shape \(4, 5\), but 4 coils need 8 complex samples each"):
        load(as_npy(tmp_path / "a.npy", full_kspace()[0]), noise=tmp_path / "noise.npy")


SAMPLES = np.random.default_rng(0).normal(size=(4, 24, 40, 2)).view(np.complex128)[..., 0].astype(np.complex64)
COORD = np.zeros((24, 40, 2), np.float32)


def beside(folder):
    np.save(folder / "coord.npy", COORD)
    return as_npy(folder / "ksp.npy", SAMPLES)


def in_an_archive(folder):
    np.savez(folder / "a.npz", kspace=SAMPLES, coord=COORD)
    return folder / "a.npz"


def in_hdf5(folder):
    with h5py.File(folder / "a.h5", "w") as file:
        file["kspace"], file["trajectory"] = SAMPLES, COORD
    return folder / "a.h5"


def in_matlab(folder):
    io.savemat(folder / "a.mat", {"kspace": SAMPLES, "traj": COORD})
    return folder / "a.mat"


def of_bart(folder):
    save_cfl(folder / "traj.cfl", np.zeros((3, 24, 40), np.complex64), (0, 1, 2))
    return save_cfl(folder / "ksp.cfl", SAMPLES, (3, 1, 2))


@pytest.mark.parametrize("save", [beside, in_an_archive, in_hdf5, in_matlab, of_bart])
def test_samples_along_a_trajectory_are_refused_in_one_sentence(tmp_path, save):
    with pytest.raises(InputError, match=r"was measured along a trajectory \((coord|traj).*only Cartesian scans"):
        load(save(tmp_path))


def test_a_trajectory_of_another_scan_does_not_matter(tmp_path):
    np.save(tmp_path / "coord.npy", COORD)
    assert load(as_npy(tmp_path / "a.npy", full_kspace()[0])).kspace.shape == (1, 4, 24, 20)


@pytest.mark.parametrize("phase", [0, 3])
def test_images_are_no_kspace(tmp_path, phase):
    turned = true_maps(4, 48, 40) * true_image(48, 40) * np.exp(1j * phase * np.linspace(0, 1, 40))
    with pytest.raises(InputError, match=r"holds images and no k-space"):
        load(as_npy(tmp_path / "a.npy", turned.astype(np.complex64)))
    assert load(as_npy(tmp_path / "a.npy", turned.astype(np.complex64)), axes="coil,y,x").kspace.shape[1] == 4


def test_kspace_of_a_small_thing_is_kspace(tmp_path):
    image = np.zeros((4, 48, 40), np.complex64)
    image[:, 20:26, 18:22] = 1
    kspace = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(image, (1, 2))), (1, 2))
    kspace = (kspace + 0.1 * noise_of(kspace.shape)).astype(np.complex64)
    assert load(as_npy(tmp_path / "a.npy", kspace)).kspace.any()
    assert load(as_cfl(tmp_path / "a.cfl", full_kspace())).kspace.any()
    assert load(as_fastmri(tmp_path / "a.h5", to_images(to_images(full_kspace())))).kspace.any()

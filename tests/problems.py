"""One tiny instance of every problem; a new task adds one line. They are built on the device of `building_on`."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from dipcli.blur.blur import Blur, blind_deblurring_problem, gaussian_kernel
from dipcli.diffraction.complex_object import object_model
from dipcli.diffraction.diffraction import MISFITS, Fraunhofer, diffraction_problem
from dipcli.diffraction.options import PhasingOptions
from dipcli.fidelities import (
    cell_distance,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    root_mean_squared_error,
)
from dipcli.fourier import fft
from dipcli.mri.encoding import CoilEncoding, SenseEncoding, mri_problem
from dipcli.options.engine import PriorOptions
from dipcli.pictures.downscaling import Decimation
from dipcli.pictures.jpeg_cells import Component, JpegEncoding
from dipcli.pictures.picture_problem import picture_problem
from dipcli.pictures.published_losses import sparse_problem
from dipcli.problem import Unknown
from dipcli.tomography.beam import projection_of
from dipcli.tomography.counted_rays import CountedRays, EmissionProjection
from dipcli.tomography.emission import emission_problem
from dipcli.tomography.projection import Geometry, Projection
from dipcli.tomography.rays import Rays
from dipcli.tomography.reconstruction import tomography_problem
from tests.mixing import RandomMixing

_place = [torch.device("cpu")]


@contextmanager
def building_on(device: torch.device) -> Iterator[None]:
    """Problems that are built meanwhile are on that device."""
    _place.append(device)
    try:
        yield
    finally:
        _place.pop()


def here(part):
    """A tensor or an operator, on the device that is built on."""
    return part.to(_place[-1])


def noisy(*shape, seed=1):
    return here((0.5 + 0.2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))).clamp(0, 1))


def upscaling(high, low, kernel, fidelity=mean_squared_error):
    operator = here(Decimation(high, low, kernel))
    return picture_problem(noisy(1, *low), fidelity, operator=operator, shape=(1, *high))


def jpeg_encoding(height, width, *, step=20.0, sampling=(2, 2), orientation=1):
    """A colour JPEG file of noise, in orientation 1 of the given size as stored."""

    def component(down, across):
        rows, columns = -(-height // (8 * down)), -(-width // (8 * across))
        drawn = torch.randn(rows, columns, 8, 8, generator=torch.Generator().manual_seed(rows))
        return Component((2 * drawn).round(), torch.full((8, 8), step), (down, across))

    return JpegEncoding([component(1, 1), component(*sampling), component(*sampling)], orientation)


def dejpeg(height=16, width=20, **options):
    encoding = here(jpeg_encoding(height, width, **options))
    shape = (3, width, height) if options.get("orientation", 1) > 4 else (3, height, width)
    return picture_problem(
        encoding.centres, cell_distance(encoding.half_widths), operator=encoding, shape=shape, tv_weight=0.01
    )


def deblurring():
    blur = here(Blur(gaussian_kernel(0.6)))
    return picture_problem(noisy(3, 16, 20), mean_squared_error, operator=blur, shape=(3, 20, 24))


def blind_deblurring():
    kernel = Unknown((1, 5, 5), "simplex", PriorOptions(prior="siren", width=(8,), jitter=0.0))
    return blind_deblurring_problem(
        noisy(1, 16, 20), Unknown((1, 20, 24)), kernel, mean_squared_error, sparsity_weight=1e-4, tv_weight=0.01
    )


def sparse_errors():
    """A picture, in which one column was measured wrongly."""
    measurement = noisy(1, 16, 20)
    measurement[:, :, 7] = 1.0
    return sparse_problem(picture_problem(measurement, mean_squared_error))


def mri(fidelity=mean_squared_error, *, has_maps=False, **options):
    """Two coils, of which every second line was measured."""
    images = torch.complex(noisy(2, 16, 20), noisy(2, 16, 20, seed=2))
    sampled = here(torch.arange(20) % 2 == 0).expand(16, 20)
    maps = images[None] / torch.linalg.vector_norm(images, dim=0)
    encoding = here(SenseEncoding(sampled, maps) if has_maps else CoilEncoding(sampled))
    return mri_problem(fft(images) * sampled, encoding, fidelity, **options)


def tomography():
    """Line integrals of 12 views, every third ray of which is known three times better."""
    projection = here(Projection(Geometry(torch.arange(12) * torch.pi / 12, 16, 7.5)))
    integrals = projection(noisy(1, 16, 16))
    precision = here(1.0 + 2 * (torch.arange(16) % 3 == 0).float()).expand(1, 12, 16)
    return tomography_problem(Rays(projection, integrals, precision), noisy(1, 16, 16, seed=2))


def fan_beam():
    """The same of a fan."""
    projection = here(projection_of(Geometry(torch.arange(12) * torch.pi / 6, 16, 7.3, source=40.0)))
    integrals = projection(noisy(1, 16, 16))
    return tomography_problem(Rays(projection, integrals, torch.ones_like(integrals)), noisy(1, 16, 16, seed=2))


def emission():
    """Counts of 12 views, some of which were not counted."""
    projection = here(projection_of(Geometry(torch.arange(12) * torch.pi / 12, 16, 7.5)))
    lines = 20 * projection(noisy(1, 16, 16)).clamp(min=0)
    known = here(torch.arange(16) % 5 > 0).expand(1, 12, 16)
    gain = torch.full_like(lines, 20.0)
    rays = CountedRays(EmissionProjection(projection, gain, torch.ones_like(lines)), lines.round(), known)
    return emission_problem(rays, noisy(1, 16, 16, seed=2))


def diffraction(loss="amplitude", optics=None, **told):
    """The pattern of a random object of 16 x 18 pixels."""
    box = (16, 18)
    optics = here(optics or Fraunhofer((32, 36)))
    intensity = optics(torch.complex(noisy(1, *box), noisy(1, *box, seed=2)))
    return diffraction_problem(intensity, optics, object_model(PhasingOptions(**told), box), MISFITS[loss])


PROBLEMS = {
    "denoising": lambda: picture_problem(noisy(1, 16, 20), mean_squared_error, tv_weight=0.01),
    "denoising-l1": lambda: picture_problem(noisy(1, 16, 20), mean_absolute_error),
    "denoising-rmse": lambda: picture_problem(noisy(1, 16, 20), root_mean_squared_error),
    "denoising-huber": lambda: picture_problem(noisy(1, 16, 20), huber),
    "denoising-poisson": lambda: picture_problem(noisy(1, 16, 20), poisson),
    "sparse-errors": sparse_errors,
    "upscaling": lambda: upscaling((16, 20), (8, 10), "lanczos3"),
    "upscaling-fractional": lambda: upscaling((17, 24), (7, 16), "bicubic", root_mean_squared_error),
    "upscaling-volume": lambda: upscaling((16, 16, 16), (8, 8, 8), "box"),
    "jpeg": dejpeg,
    "jpeg-turned": lambda: dejpeg(orientation=6, sampling=(1, 2)),
    "deblurring": deblurring,
    "deblurring-blind": blind_deblurring,
    "tomography": tomography,
    "tomography-fan": fan_beam,
    "emission": emission,
    "diffraction": diffraction,
    "diffraction-poisson": lambda: diffraction("poisson", unknowns="magnitude-phase"),
    "diffraction-intensity": lambda: diffraction("intensity", nonnegative_real=True),
    "diffraction-uniform": lambda: diffraction(uniform_magnitude=True),
    "diffraction-fresnel": lambda: diffraction(optics=Fraunhofer((32, 36), curvature=0.01)),
    "diffraction-random": lambda: diffraction(optics=RandomMixing((16, 18), 900)),
}

# Whose operator claims to be linear in its one unknown.
LINEAR = tuple(
    sorted(
        name for name in PROBLEMS if not name.startswith(("deblurring-blind", "diffraction", "emission", "sparse"))
    )
)

# All linear too, but of complex measurements, which one law of `test_laws` would make real; they are held to the
# same laws in physics/test_mri_laws.py.
COMPLEX = {
    "mri-coil": lambda: mri(huber, tv_weight=0.01),
    "mri-sense": lambda: mri(root_mean_squared_error, has_maps=True),
}

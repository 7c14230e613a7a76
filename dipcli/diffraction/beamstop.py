"""What a beamstop hides of a spectrum: it follows, linearly, from the object being 0 off its support."""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from dipcli.classical.least_squares import conjugate_gradients
from dipcli.diffraction.projections import inverse, transform

SMOOTH = 0.003  # weight of the slopes on the support: modes that end at its edge have nothing else to tell them
STEPS = 30  # of conjugate gradients
CONVERGED = 1e-10


def hidden_centre(mask: Tensor) -> Tensor:
    """1 on what is hidden around frequency 0 (*space, in the corner), 0 elsewhere; all 0 where that is known."""
    labels, _ = ndimage.label(np.fft.fftshift((mask == 0).cpu().numpy()))
    labels = np.fft.ifftshift(labels)
    at_centre = (labels == labels.flat[0]) & (labels > 0)
    return torch.from_numpy(at_centre).to(mask)


def filled_in(image: Tensor, support: Tensor, hidden: Tensor) -> Tensor:
    """The object (1, *space) with those hidden values of its spectrum that leave least of it off the support.

    minimise ‖(1 - S)·x‖² + μ·‖S·∇x‖² over the spectrum of x where `hidden` (*space) is 1.
    """
    inside = support.to(image.real.dtype)

    def slope(values: Tensor) -> Tensor:
        """Half of the gradient of what is minimised, where it may be changed."""
        found = (1 - inside) * values
        for axis in range(1, values.ndim):
            step = (torch.roll(values, -1, axis) - values) * (inside * torch.roll(inside, -1, axis))
            found = found + SMOOTH * (torch.roll(step, 1, axis) - step)
        return hidden * transform(found)

    spectrum = conjugate_gradients(
        lambda values: slope(inverse(values)),
        torch.zeros_like(image),
        -slope(image),
        iterations=STEPS,
        converged=CONVERGED,
    )
    return image + inverse(spectrum)

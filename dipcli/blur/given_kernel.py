"""Whether a kernel that was given explains the frame, as it is or turned by 180 degrees."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.blur.blurred_frame import BlurredFrame
from dipcli.blur.crops import most_edges
from dipcli.blur.deconvolution import CERTAIN, Deconvolved, inside

SIDE = 256  # of the part in which it is tried, or three times the kernel's
EVIDENCE = 20.0  # difference of log-likelihoods from which on one way round is better
MISFIT, LEAST_MISFIT = 2.0, 0.012  # in deviations of the noise; never less than
RINGING, MUCH_RINGING = 0.015, 0.1  # beyond the range of values, root mean square: fine texture may go there too
UNEXPLAINED, LEAST_UNEXPLAINED = (
    1.25,
    0.002,
)  # in deviations of the noise; with so much left, ringing is no texture


@dataclass(frozen=True)
class CheckedKernel:
    """The kernel (n, n), the way round in which it explains more, and what is to be said of it."""

    kernel: Tensor
    decisions: dict[str, str]
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def check_kernel(blurred: BlurredFrame, kernel: Tensor) -> CheckedKernel:
    """Try a kernel in the part of the frame with most edges, both ways round."""
    part = blurred.part(*most_edges(blurred, max(SIDE, 3 * len(kernel)))).gray()
    sides = f"given, {kernel.shape[0]}x{kernel.shape[0]}"
    given, turned = kernel, kernel.flip(0, 1)
    tried = part.explained_by(given)
    if torch.allclose(given, turned, atol=1e-3 * float(kernel.max())):
        decisions = {"kernel": sides, "kernel_residual": _in_words(tried)}
        return CheckedKernel(kernel, decisions, doubts=_doubts_of(part, kernel, tried))
    other = part.explained_by(turned)
    is_turned = (tried.objective - other.objective) / max(part.sigma, CERTAIN) ** 2 > EVIDENCE
    kernel, best = (turned, other) if is_turned else (given, tried)
    decisions = {
        "kernel": f"{sides}, turned by 180 degrees" if is_turned else sides,
        "kernel_residual": f"{_in_words(tried)} as given, {_in_words(other)} turned by 180 degrees",
    }
    warnings = (
        ("The kernel explains more when it is turned by 180 degrees, and was: it was made for correlation.",)
        if is_turned
        else ()
    )
    return CheckedKernel(kernel, decisions, warnings, _doubts_of(part, kernel, best))


def _in_words(tried: Deconvolved) -> str:
    return f"{tried.misfit:.4f} (objective {tried.objective:.4g})"


def _doubts_of(part: BlurredFrame, kernel: Tensor, tried: Deconvolved) -> tuple[str, ...]:
    """What speaks against a kernel: what it leaves unexplained, and a picture that swings out of all bounds."""
    seen = inside(tried.picture, kernel)
    ringing = float((seen - seen.clamp(0, 1)).square().mean().sqrt())
    is_short = tried.misfit > UNEXPLAINED * max(LEAST_UNEXPLAINED, part.sigma)
    doubts = {
        f"The given kernel does not explain the input (residual {tried.misfit:.3f}).": tried.misfit
        > max(LEAST_MISFIT, MISFIT * part.sigma),
        f"With the given kernel the picture rings (by {ringing:.2f} beyond the range of values).": ringing
        > (RINGING if is_short else MUCH_RINGING),
    }
    return tuple(doubt for doubt, is_so in doubts.items() if is_so)

"""Denoising by ridge combinations of similar patches, repeated in a chain with growing trust.

Every patch of a group of similar patches is replaced by that affine combination of the group which has the least
expected error, were the group's present estimate the truth. The estimate is then a better one, and so on.

Source: Herbreteau and Kervrann, Towards a unified view of unsupervised non-local methods for image denoising: the
NL-Ridge approach, ICIP 2022, arXiv:2203.00570 (one pass), and Linear combinations of patches are unreasonably
effective for single-image denoising, IEEE TIP 2024, arXiv:2212.00422 (the chain). We differ in that each axis of
colour has its own combination, that groups are solved in the space of patches, which is smaller than that of
members, that references are compared in blocks, by one matrix product, and that patches of a volume or of a series
have others like them in the planes before and after theirs.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dipcli.classical.dct import colour_axes, white_axes
from dipcli.classical.patch_matching import (
    BLOCK,
    ReferenceGrid,
    Region,
    box_sum,
    find_groups,
    fold,
    patches_of,
)
from dipcli.classical.threads import in_threads

CHUNK = 128  # groups that are solved together: what they take stays in the cache of a processor
ROUNDING = 8  # errors of the greatest eigenvalue that the least of a sum of squares must exceed
QUIETEST = 0.03  # the least power of correlated noise that is reckoned with, of its mean
TABLES = 6  # floats kept for each value of each patch of a tile


@dataclass(frozen=True)
class Chain:
    """Of the chain.

    passes: 1 is instant, 6 is best; groups are sought anew after every `renew` of them.
    side: of the square patches, `step`: between references, `reach`: how far patches are sought, all in pixels.
    near: in how many planes before and after their own patches are sought.
    count: patches in a group.
    trust: the share of the noise that is left in the picture after the first of endlessly many passes.
    least: the least share of the noise that is reckoned with; it must not be near 0, for the equations' sake.
    caution: by what the noise's power is multiplied, since the estimate in its place is not the truth.
    memory: bytes that the work on one tile may take.
    """

    passes: int = 6
    renew: int = 1
    side: int = 6
    step: int = 5
    reach: int = 24
    near: int = 2
    count: int = 64
    trust: float = 0.9
    least: float = 0.2
    caution: float = 1.2
    memory: int = 1 << 27


WHITE, CORRELATED = Chain(), Chain(caution=2.5)


@dataclass(frozen=True)
class ChainState:
    """Of the chain, images (channels, planes, height, width), padded: the noise of `noisy` has deviation 1.

    `current` is believed to have a share of that noise, `estimate` to have none.
    """

    noisy: Tensor
    current: Tensor
    estimate: Tensor


@dataclass(frozen=True)
class NoiseShares:
    """What a pass is to know of it.

    `left`: its share after the pass, `least`: the least share that is reckoned with before it, `caution`: see
    `Chain`. `whitening` (channels, side², side²) is what patches are multiplied by for their noise to be white,
    and `colouring` its inverse; None where it is white.
    """

    left: float
    least: float
    caution: float
    whitening: Tensor | None
    colouring: Tensor | None


def denoise_patch_groups(noisy: Tensor, pilot: Tensor, sigma: float | Tensor, settings: Chain = WHITE) -> Tensor:
    """Image (channels, *space) with white Gaussian noise, and a first estimate of it -> its estimate.

    Of a volume (channels, planes, height, width), patches of each plane are compared with those near by, too.
    `sigma` is the noise's deviation in the image's units, one or one for each channel. Where it is 0 the image is
    returned as it is.
    """
    deviation = torch.as_tensor(sigma, dtype=noisy.dtype, device=noisy.device).expand(len(noisy))
    if not bool((deviation > 0).any()):
        return noisy.clone()
    along_axes = (lightness_first(pilot).square() @ deviation.square()).sqrt()
    restored = _denoise_axes(noisy, pilot, along_axes, settings, None)
    return torch.where((deviation > 0).reshape(-1, *[1] * (noisy.ndim - 1)), restored, noisy)


def denoise_correlated_patch_groups(
    noisy: Tensor, pilot: Tensor, power: Tensor, settings: Chain = CORRELATED
) -> Tensor:
    """The same for an image (channels, height, width) with stationary noise, correlated between neighbours.

    `power` (channels, window, window) is that of the noise along each of `colour_axes`, for each coefficient of
    the orthonormal cosine transform of a window, in the image's units squared. More caution is needed than with
    white noise, since similar patches are found that have similar noise.
    """
    settings = replace(settings, side=min(settings.side, power.shape[-1], *noisy.shape[1:]))
    covariance = patch_covariance(power, settings.side)
    variance = covariance.diagonal(0, 1, 2).mean(1)
    if not bool((variance > 0).any()):
        return noisy.clone()
    covariance = covariance / variance.clamp(min=torch.finfo(power.dtype).tiny)[:, None, None]
    return _denoise_axes(noisy, pilot, variance.sqrt().to(noisy), settings, covariance.to(noisy))


def _denoise_axes(
    noisy: Tensor, pilot: Tensor, sigma: Tensor, settings: Chain, covariance: Tensor | None
) -> Tensor:
    """With the noise's deviation along each of `colour_axes`, and its covariance in a patch if it is not white."""
    axes = lightness_first(pilot) if covariance is None else colour_axes(pilot)
    scale = sigma.clamp(min=1e-4 * float(sigma.max()))[:, None, None, None]
    first, second = (torch.tensordot(axes, as_planes(image), dims=1) / scale for image in (noisy, pilot))
    restored: Tensor = torch.tensordot(axes.T, _chain(first, second, settings, covariance) * scale, dims=1)
    return restored.reshape(noisy.shape)


def patch_covariance(power: Tensor, side: int) -> Tensor:
    """Of noise with the given power (channels, window, window) of cosines, in smaller patches.

    The result is (channels, side², side²), the mean over the places of a patch in the window.
    """
    window = power.shape[-1]
    at = torch.arange(window, dtype=torch.float64, device=power.device)
    basis = torch.cos(math.pi * (2 * at + 1) * at[:, None] / (2 * window)) * math.sqrt(2 / window)
    basis[0] /= math.sqrt(2)
    waves = torch.kron(basis, basis)
    whole = (waves.T @ (power.flatten(1).double()[:, :, None] * waves)).reshape(-1, *[window] * 4)
    places = whole.unfold(1, side, 1).unfold(2, side, 1).unfold(3, side, 1).unfold(4, side, 1)
    mean = places.diagonal(0, 1, 3).diagonal(0, 1, 2).mean((-1, -2))
    return mean.reshape(-1, side**2, side**2)


def _roots(covariance: Tensor | None, caution: float, left: float, least: float) -> NoiseShares:
    """NoiseShares of covariance (channels, side², side²), whose powers are held above `QUIETEST`."""
    if covariance is None:
        return NoiseShares(left, least, caution, None, None)
    powers, waves = torch.linalg.eigh(covariance)
    deviations = powers.clamp(min=QUIETEST).sqrt()[:, None]
    return NoiseShares(left, least, caution, (waves / deviations) @ waves.mT, (waves * deviations) @ waves.mT)


def lightness_first(image: Tensor) -> Tensor:
    """An orthonormal transform of channels, lightness first: opponent colours for three, else principal axes."""
    if len(image) in (1, 3):
        return white_axes(image)
    vectors: Tensor = torch.linalg.eigh(torch.cov(image.flatten(1))).eigenvectors
    return vectors.flip(1).T


def as_planes(image: Tensor) -> Tensor:
    """Image (channels, *space) as (channels, planes, height, width): a picture is one plane."""
    return image if image.ndim == 4 else image[:, None]


def plan(image: Tensor, settings: Chain) -> ReferenceGrid:
    """The grid for image (channels, planes, height, width): patches and groups are smaller for small images."""
    planes, height, width = image.shape[1:]
    side = min(settings.side, height, width)
    step = min(settings.step, side)
    fewest = math.prod(min(settings.reach, n - side) + 1 for n in (height, width))
    near = min(settings.near, planes - 1)
    values = len(image) * min(planes, 2 * near + 1) * side**2  # of a pixel's patches
    pixels = settings.memory // (TABLES * values * image.element_size())
    tile = (math.isqrt(pixels) - 2 * settings.reach - side) // (step * BLOCK) * BLOCK
    count, tile = min(settings.count, fewest), max(tile, BLOCK)
    return ReferenceGrid(planes, height, width, side, step, settings.reach, count, tile, near)


def _chain(noisy: Tensor, pilot: Tensor, settings: Chain, covariance: Tensor | None) -> Tensor:
    """The passes, on channels in each of which the noise has deviation 1."""
    grid, mean = plan(noisy, settings), pilot.mean((1, 2, 3), keepdim=True)
    state = ChainState(grid.pad(noisy - mean), grid.pad(noisy - mean), grid.pad(pilot - mean))
    groups, noise = list[Tensor](), _roots(covariance, settings.caution, 0.0, settings.least)
    for number in range(settings.passes):
        if number % settings.renew == 0:
            groups = all_groups(state.current[0] if number else state.estimate[0], grid)
        left = settings.trust * (1 - (number + 1) / settings.passes)
        state = _sweep(state, groups, grid, replace(noise, left=left, least=max(left, settings.least)))
    return grid.crop(state.estimate) + mean


def all_groups(guide: Tensor, grid: ReferenceGrid) -> list[Tensor]:
    """Of each tile of a padded guide (planes, height, width), those of `find_groups`."""
    outside = grid.pad(guide.new_zeros((1, grid.planes, grid.height, grid.width)), math.inf)[0]

    def of_tile(tile: Region) -> Tensor:
        return find_groups(tile.cut(guide), tile.cut(outside)[0], tile, grid)

    return list(in_threads(of_tile, grid.tiles()))


def ridge_pass(noisy: Tensor, pilot: Tensor, sigma: float, groups: list[Tensor], grid: ReferenceGrid) -> Tensor:
    """One pass over images (channels, planes, height, width) with white noise of deviation `sigma`."""
    first, second = (grid.pad(image / sigma) for image in (noisy, pilot))
    alone = NoiseShares(left=0.0, least=1.0, caution=1.0, whitening=None, colouring=None)
    return grid.crop(_sweep(ChainState(first, first, second), groups, grid, alone).estimate) * sigma


def _sweep(state: ChainState, groups: list[Tensor], grid: ReferenceGrid, noise: NoiseShares) -> ChainState:
    """One pass over all tiles."""
    estimate, current = torch.zeros_like(state.noisy), torch.zeros_like(state.noisy)
    weights = torch.full_like(state.noisy, torch.finfo(state.noisy.dtype).tiny)
    tiles = list(grid.tiles())

    def of_tile(number: int) -> tuple[Tensor, Tensor, Tensor]:
        part = (tiles[number].cut(image) for image in (state.noisy, state.current, state.estimate))
        return _combine(ChainState(*part), groups[number], grid.side, noise)

    for tile, sums in zip(tiles, in_threads(of_tile, range(len(tiles))), strict=True):
        for whole, some in zip((estimate, current, weights), sums, strict=True):
            tile.cut(whole).add_(some)
    return ChainState(state.noisy, current.div_(weights), estimate.div_(weights))


def _combine(state: ChainState, groups: Tensor, side: int, noise: NoiseShares) -> tuple[Tensor, Tensor, Tensor]:
    """Of a tile: the weighted sums of the new estimate and of the new current image, and the weights' sum."""
    taken = _box_moments(state.noisy - state.current, side)
    estimates, currents = (
        _multiply(patches_of(image, side), noise.whitening) for image in (state.estimate, state.current)
    )
    new_estimates, new_currents = torch.zeros_like(estimates), torch.zeros_like(estimates)
    weights = torch.zeros_like(estimates[:, :1])
    channels = len(state.noisy)
    first = torch.arange(channels, device=groups.device)[:, None, None] * (len(estimates) // channels)
    for some in torch.split(groups, CHUNK):
        index = (some + first).flatten(0, 1)
        share = _noise_share(taken[:, index], side**2).clamp(min=noise.least)[:, None, None]
        present = currents[index]
        restored, trust = ridge(estimates[index], present, noise.caution * side**2 * share.square())
        new_estimates.index_put_((index,), restored * trust, accumulate=True)
        weights.index_put_((index,), trust, accumulate=True)
        if noise.left > 0:
            mixed = restored.lerp(present, noise.left / share)
            new_currents.index_put_((index,), mixed * trust, accumulate=True)
    new_images = (_multiply(table, noise.colouring) for table in (new_estimates, new_currents))
    tables = (*new_images, weights.expand_as(estimates))
    estimate, current, weight = (fold(table, state.noisy.shape, side) for table in tables)
    return estimate, current, weight


def ridge(estimates: Tensor, present: Tensor, penalty: Tensor) -> tuple[Tensor, Tensor]:
    """Groups (n, members, values) with noise, and estimates of them -> better ones, and trust (n, members, 1).

    The penalty, (n, 1, 1), is the noise's energy in one patch. With E the estimates less their mean, the members'
    combinations are the rows of 1/members + E (E'E + penalty)⁻¹ E'. Trust is one over the noise they let pass.
    """
    members = estimates.shape[1]
    ripples, mean = estimates - estimates.mean(1, keepdim=True), present.mean(1, keepdim=True)
    gram, cross = (ripples.mT @ torch.cat([ripples, present - mean], 2)).tensor_split(2, dim=2)
    diagonal = gram.diagonal(0, 1, 2)
    penalty = penalty.maximum(ROUNDING * torch.finfo(gram.dtype).eps * diagonal.sum(1)[:, None, None])
    diagonal.add_(penalty[:, :, 0])
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram))
    leverage, change = (ripples @ torch.cat([inverse, inverse @ cross], 2)).tensor_split(2, dim=2)
    passing = 1 / members + (leverage * (ripples - penalty * leverage)).sum(2, keepdim=True)
    return mean + change, (1 / passing).clamp(1, members)


def _noise_share(moments: Tensor, values: int) -> Tensor:
    """What is left of the noise, from the sums (2, groups, members) of what was taken away and of its squares."""
    first, second = moments.sum(2) / (moments.shape[2] * values)
    share: Tensor = 1 - (second - first.square()).clamp(min=0).sqrt()
    return share


def _box_moments(image: Tensor, side: int) -> Tensor:
    """The sums of the values and of the squares in each patch of an image, (2, patches)."""
    return torch.stack([box_sum(image, side).flatten(), box_sum(image.square(), side).flatten()])


def _multiply(patches: Tensor, matrices: Tensor | None) -> Tensor:
    """Patches (channels * places, side²), those of each channel by its matrix (side², side²)."""
    if matrices is None:
        return patches
    return (patches.reshape(len(matrices), -1, patches.shape[1]) @ matrices).flatten(0, 1)

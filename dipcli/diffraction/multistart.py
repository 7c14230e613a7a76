"""Phase retrieval from many random starts, ranked by pixels that none of them was working."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dipcli.diffraction.projections import Algorithm, Pattern, cycles, inverse, shrink_wrap, smooth, transform
from dipcli.symmetries import error

WIDEST, NARROWEST, LATER = 2.0, 0.5, 0.7  # pixels: σ of shrink-wrap in the first round, and in later ones
POLISH = 20  # cycles of ER before starts are compared: HIO's own iterates are no solutions
FEWEST = 3  # starts that always go on
COMPARED = 12  # best starts among which another one that shows the same is looked for
ALIKE = 0.2  # error to the best start under which another one shows the same object, whoever asks
SETTLED = 0.1  # error between the two best at which a search ends
DETWIN_AT, DETWIN = 0.1, 10  # when, and for how many cycles, half of the support is hidden
FINISH, TIGHT, SMOOTH, LAST = 10, 0.25, 1.0, 50  # of RAAR: updates, threshold and σ of the support; cycles of ER
RELEASE = 40  # cycles of RAAR once the free pixels are working
TO_REST = FINISH * 20 + LAST + RELEASE + LAST  # cycles of each start that is kept
RADIUS = 2  # of the discs (balls) of free pixels
CENTRAL = 0.05  # share of the sides around the centre that is always working
CHUNK = 2**20  # values that are transformed together


@dataclass(frozen=True)
class SearchSettings:
    """How the projections search; the defaults are those of the options."""

    starts: int = 12
    algorithm: Algorithm = "hio"
    second: Algorithm = "raar"  # of every second search
    cycles: int = 600
    rounds: int = 6
    searches: int = 4
    threshold: float = 0.15
    every: int = 20
    detwin: bool = False
    deadline: float = math.inf  # on the clock of time.perf_counter
    interrupted: Callable[[], bool] = lambda: False
    watch: Callable[[int, int, float], None] = lambda _round, _starts, _misfit: None

    def is_over(self) -> bool:
        """Whether there is no more time."""
        return self.interrupted() or time.perf_counter() >= self.deadline


@dataclass(frozen=True)
class Starts:
    """Objects (starts, *space), the best first, with their supports and misfits χ.

    `numbers` are those of the starts; `free` is χ on the free pixels; `agreed` says whether the two best agree.
    """

    objects: Tensor
    support: Tensor
    numbers: tuple[int, ...]
    chi: tuple[float, ...]
    free: tuple[float, ...]
    cycles: tuple[int, ...]
    agreed: bool = False

    def joined(self, more: "Starts") -> "Starts":
        """These starts, and then those of another search."""
        return replace(
            self,
            objects=torch.cat([self.objects, more.objects]),
            support=torch.cat([self.support, more.support]),
            numbers=self.numbers + more.numbers,
            chi=self.chi + more.chi,
            free=self.free + more.free,
            cycles=self.cycles + more.cycles,
        )

    def take(self, order: list[int]) -> "Starts":
        """Some of them, in this order."""
        return replace(
            self,
            objects=self.objects[order],
            support=self.support[order],
            numbers=tuple(self.numbers[k] for k in order),
            chi=tuple(self.chi[k] for k in order),
            free=tuple(self.free[k] for k in order),
            cycles=tuple(self.cycles[k] for k in order),
        )


def free_pixels(mask: Tensor, share: float, seed: int = 0) -> Tensor:
    """A random share of the known pixels (*space), in discs (balls), none near frequency 0 in the corner.

    Single pixels would follow from their neighbours: an object of half the pattern has half as many values.
    """
    random = torch.Generator().manual_seed(seed)
    shape = mask.shape
    ball = torch.stack(torch.meshgrid(*[torch.arange(-RADIUS, RADIUS + 1)] * len(shape), indexing="ij"), -1)
    ball = ball.flatten(0, -2)
    ball = ball[ball.square().sum(-1) <= RADIUS**2]
    count = max(1, round(share * mask.numel() / len(ball)))
    middles = torch.stack([torch.randint(n, (count,), generator=random) for n in shape], -1)
    free = torch.zeros(shape, dtype=torch.bool)
    at = (middles[:, None] + ball) % torch.tensor(shape)
    free[tuple(at.flatten(0, 1).T)] = True
    distance = torch.zeros(shape)
    for axis, n in enumerate(shape):
        distance = distance + torch.fft.fftfreq(n).square().reshape(-1, *[1] * (len(shape) - 1 - axis))
    return (free & (distance.sqrt() > CENTRAL)).to(mask.device) * mask


def search(
    working: Pattern,
    box: Tensor,
    settings: SearchSettings,
    *,
    free: Tensor,
    seed: int,
    begin: Tensor | None = None,
) -> Starts:
    """The best starts after the search; `working` is the pattern without the free pixels.

    Round after round the better half goes on, until the two best agree or the rounds are over; the others come
    after them, as they were. The starts are random, or the objects in `begin`.
    """
    objects = random_starts(working, box, settings.starts, seed) if begin is None else begin * box
    count = len(objects)
    found = Starts(
        objects, box.expand(objects.shape), tuple(range(count)), (0.0,) * count, (0.0,) * count, (0,) * count
    )
    others = found.take([])
    for number in range(settings.rounds):
        first = number == 0
        found = _ranked(_round(found, working, box, settings, first=first), working, free)
        settings.watch(number + 1, len(found.numbers), found.free[0])
        agreed = len(found.numbers) > 1 and _agree(found, working)
        if agreed or settings.is_over() or number + 1 == settings.rounds:
            break
        count = min(len(found.numbers), max(FEWEST, len(found.numbers) // 2))
        others = found.take(list(range(count, len(found.numbers)))).joined(others)
        found = found.take(list(range(count)))
    return replace(found, agreed=agreed).joined(others)


def finish(
    found: Starts,
    pattern: Pattern,
    box: Tensor,
    *,
    keep_support: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> Starts:
    """The starts brought to rest: RAAR while the support becomes tight, then ER; cut short where time is over."""
    parts = []
    for objects, support in _chunks(found):
        x = objects
        for _ in range(FINISH):
            if is_over():
                break
            x = cycles(x, pattern, support, "raar", 20)
            if not keep_support:
                support = shrink_wrap(x, box, sigma=SMOOTH, threshold=TIGHT)
        parts.append((cycles(x, pattern, support, "er", 1 if is_over() else LAST), support))
    objects, support = (torch.cat(part) for part in zip(*parts, strict=True))
    chi = pattern.chi(transform(objects)).tolist()
    return replace(found, objects=objects, support=support, chi=tuple(chi))


def release(found: Starts, pattern: Pattern) -> Starts:
    """Starts at rest, brought to rest again where the pattern has pixels that they had not been working."""
    parts = [
        cycles(cycles(*part, "raar", RELEASE), pattern, part[2], "er", LAST) for part in _with(pattern, found)
    ]
    objects = torch.cat(parts)
    return replace(found, objects=objects, chi=tuple(pattern.chi(transform(objects)).tolist()))


def random_starts(pattern: Pattern, box: Tensor, count: int, seed: int) -> Tensor:
    """Objects in the box from the measured amplitudes and random phases.

    Where the centre was not measured, every second start is a blob: it knows, nearly, what is hidden.
    """
    random = torch.Generator().manual_seed(seed)
    phases = 2 * math.pi * torch.rand((count, *box.shape), generator=random).to(pattern.amplitude)
    amplitude = pattern.amplitude * pattern.mask
    if bool(pattern.mask.flatten()[0] > 0):
        return inverse(torch.polar(amplitude.expand(phases.shape), phases)) * box
    drawn = []
    for number, phase in enumerate(phases):
        spectrum = torch.polar(amplitude, phase)
        if number % 2 == 0:
            blob = transform(_blob(box, random)[None].to(amplitude.device))[0]
            seen = blob.abs() * pattern.mask
            blob = blob * (amplitude.square().sum() / seen.square().sum().clamp(min=1e-20)).sqrt()
            spectrum = torch.where(pattern.mask > 0, torch.polar(amplitude, blob.angle()), blob)
        drawn.append(inverse(spectrum[None])[0])
    return torch.stack(drawn) * box


def _blob(box: Tensor, random: torch.Generator) -> Tensor:
    """An ellipse (ellipsoid) of magnitude 1 in the box, of random half-axes and a smooth random phase."""
    shape = box.shape
    distance = torch.zeros(shape)
    for axis, n in enumerate(shape):
        line = (torch.arange(n) - n // 2) / (n / 4 * (0.6 + 0.4 * float(torch.rand(1, generator=random))))
        distance = distance + line.square().reshape(-1, *[1] * (len(shape) - 1 - axis))
    field = smooth(torch.randn(shape, generator=random)[None], min(shape) / 16)[0]
    return torch.polar((distance < 1).float(), 0.5 * field / field.std())


def _round(found: Starts, pattern: Pattern, box: Tensor, settings: SearchSettings, *, first: bool) -> Starts:
    """One round of cycles for all starts."""
    parts = [_cycled(*part, pattern, box, settings, first=first) for part in _chunks(found)]
    objects, support = (torch.cat(part) for part in zip(*parts, strict=True))
    return replace(
        found, objects=objects, support=support, cycles=tuple(n + settings.cycles for n in found.cycles)
    )


def _cycled(
    x: Tensor, support: Tensor, pattern: Pattern, box: Tensor, settings: SearchSettings, *, first: bool
) -> tuple[Tensor, Tensor]:
    """Objects and supports after one round; the support shrinks with a falling σ in the first one."""
    count = max(1, settings.cycles // settings.every)
    for number in range(count):
        if settings.is_over():
            break
        if first and settings.detwin and number == round(DETWIN_AT * count):
            half = support.clone()
            half[:, : half.shape[1] // 2] = False
            x = cycles(x, pattern, half, settings.algorithm, DETWIN)
        x = cycles(x, pattern, support, settings.algorithm, settings.every)
        share = number / max(count - 1, 1)
        sigma = WIDEST * (NARROWEST / WIDEST) ** share if first else LATER
        if settings.threshold:
            support = shrink_wrap(x, box, sigma=sigma, threshold=settings.threshold)
    return x, support


def _ranked(found: Starts, pattern: Pattern, free: Tensor) -> Starts:
    """The starts, the one that explains the free pixels best first."""
    polished = torch.cat([cycles(*pair, "er", POLISH) for pair in _with(pattern, found)])
    spectra = transform(polished)
    chi, unseen = pattern.chi(spectra).tolist(), pattern.chi(spectra, free).tolist()
    order = sorted(range(len(chi)), key=lambda k: unseen[k] if math.isfinite(unseen[k]) else math.inf)
    return replace(found, chi=tuple(chi), free=tuple(unseen)).take(order)


def _agree(found: Starts, pattern: Pattern) -> bool:
    """Whether the two best starts show the same object."""
    best = found.take([0, 1])
    first, second = cycles(best.objects, pattern, best.support, "er", POLISH)
    return error(first[None], second[None]) < SETTLED


def stands_alone(found: Starts, pattern: Pattern) -> bool:
    """Whether none of the next best starts shows what the best one does."""
    if found.agreed:
        return False
    found = found.take(list(range(min(COMPARED, len(found.numbers)))))
    polished = torch.cat([cycles(*pair, "er", POLISH) for pair in _with(pattern, found)])
    return all(error(one[None], polished[:1]) > ALIKE for one in polished[1:])


def _with(pattern: Pattern, found: Starts) -> list[tuple[Tensor, Pattern, Tensor]]:
    return [(objects, pattern, support) for objects, support in _chunks(found)]


def _chunks(found: Starts) -> list[tuple[Tensor, Tensor]]:
    """Objects and supports, as many together as are transformed fast."""
    size = max(1, CHUNK // found.objects[0].numel())
    return list(zip(torch.split(found.objects, size), torch.split(found.support, size), strict=True))

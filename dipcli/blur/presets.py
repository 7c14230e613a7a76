"""Presets of deblurring."""

from dataclasses import replace

from dipcli.blur.options import DeblurOptions
from dipcli.options.presets import FAST, PAPER, PresetName

# Both networks start where the edges of the picture led to; the kernel's has most to do, and is watched longer.
TWO_NETWORKS = replace(
    FAST,
    stopping=replace(FAST.stopping, alpha=0.1, patience=100, warm_up=100, averaging=0.95, iterations=300, runs=1),
)

DEBLUR: dict[PresetName, DeblurOptions] = {
    "instant": DeblurOptions(kernel_prior="none", method="tv", restarts=0, engine=TWO_NETWORKS),
    "fast": DeblurOptions(engine=TWO_NETWORKS),
    "balanced": DeblurOptions(
        restarts=2,
        engine=replace(TWO_NETWORKS, stopping=replace(TWO_NETWORKS.stopping, iterations=1000)),
    ),
    "best": DeblurOptions(
        restarts=3,
        engine=replace(TWO_NETWORKS, stopping=replace(TWO_NETWORKS.stopping, iterations=1000, runs=3)),
    ),
    # Zhuang et al., 2022: from nothing, a kernel of half the picture's side; their weight of 1e-4 beside a sum of
    # squares, in a frame of 256² with residuals of 0.005, is 5e-5 beside a root mean square.
    "paper": DeblurOptions(
        init="none",
        sparsity_weight=5e-5,
        engine=replace(PAPER, prior=replace(PAPER.prior, seed_channels=8, skip_width=(16,), jitter=1e-3)),
    ),
}

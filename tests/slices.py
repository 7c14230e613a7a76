"""One slice stated and restored, with networks so small that it takes no time."""

from scans import as_slice

from dipcli.engine.restore import restore
from dipcli.mri.options import MriOptions, ReconstructionOptions
from dipcli.mri.reconstruction import state_mri
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions

FEW = StoppingOptions(stop="never", averaging=0.0, iterations=4)
ENGINES = {
    "coil": EngineOptions(
        PriorOptions(prior="convdecoder", width=(4, 4, 4), seed_channels=4, jitter=0.0), DescentOptions(), FEW
    ),
    "sense": EngineOptions(
        PriorOptions(width=(4,), skip_width=(2,), seed_kind="guide", jitter=0.0), DescentOptions(), FEW
    ),
}


def state(kspace, *, maps=None, crop=None, **options):
    """The statement for NumPy's k-space (coils, height, width), measured where it is not 0."""
    told = ReconstructionOptions(**options)
    recipes = {name: MriOptions(reconstruction=told, engine=engine) for name, engine in ENGINES.items()}
    return state_mri(as_slice(kspace, maps=maps, crop=crop), told, recipes.__getitem__)


def restored(statement):
    return restore(statement.problem, statement.engine)


def written_coils(statement):
    """The coil images that the program would write, as NumPy's."""
    result = restored(statement)
    return statement.finished(result.estimate).objects["coil_images"].numpy()

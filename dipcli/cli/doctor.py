"""`dipcli doctor`: what this installation can do."""

# Which extra has a library, and what it is for.
EXTRAS = {
    "h5py": ("formats", "HDF5: fastMRI, ISMRMRD, MATLAB 7.3"),
    "nibabel": ("formats", "NIfTI volumes"),
    "imagecodecs": ("formats", "compressed TIFF, 16-bit colour PNG"),
    "jpeglib": ("jpeg", "denoise --jpeg"),
    "distributed": ("hpc", "--submit dask"),
    "matplotlib": ("report", "charts of a run's history"),
}


def doctor() -> int:
    """Print the versions, devices, threads and optional extras of this installation."""
    import importlib.metadata
    import importlib.util
    import platform
    import shutil

    import torch

    from dipcli.engine.device import allocated_threads, choose_device
    from dipcli.report.messages import say

    version = importlib.metadata.version
    lines = {
        "dipcli": version("dipcli"),
        "python": f"{platform.python_version()} on {platform.platform()}",
        "torch": f"{torch.__version__} ({torch.backends.cpu.get_cpu_capability()})",
        "device": f"{choose_device('auto')} (cuda {_yes(torch.cuda.is_available())}, "
        f"mps {_yes(torch.backends.mps.is_available())})",
        "threads": str(allocated_threads()),
        "compiler": shutil.which("g++") or "none: networks are not compiled",
    }
    for index in range(torch.cuda.device_count()):
        lines[f"cuda:{index}"] = torch.cuda.get_device_name(index)
    for module, (extra, use) in EXTRAS.items():
        found = importlib.util.find_spec(module) is not None
        missing = f"missing, pip install 'dipcli[{extra}]'"
        lines[module] = f"{version(module) if found else missing} ({use})"
    for name, line in lines.items():
        say(f"{name:12} {line}")
    return 0


def _yes(present: bool) -> str:
    return "yes" if present else "no"

"""The wing of k-space: accelerated Cartesian scans of several coils, slice by slice.

`readers.py` tells the format (`fastmri.py`, `ismrmrd.py`, `cfl.py`, `axes.py`) and makes a `Scan`; `medium.py`
takes its slices along the pipeline. `encoding.py` is the forward model, `sampling.py` its masks, `espirit.py`
its maps; `reconstruction.py` chooses the model and states the task; `inspection.py` says what a scan holds;
`writers.py` writes. A new format is a reader that returns a `Scan`; a new model of the coils is a module in
`encoding.py`.
"""

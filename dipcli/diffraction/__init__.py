"""The wing of diffraction: complex objects from the intensity of their far (or near) field, in 2D and 3D.

`readers.py` and `pattern.py` make a `Recording`: counts, mask, frequency 0 in the centre; `medium.py` takes it
along the pipeline. `phase_search.py` finds the classical object (`projections.py`, `multistart.py`,
`multiresolution.py`, then `sparse.py` and `beamstop.py`); `phasing.py` states the task and lets free pixels
judge; `diffraction.py` is the forward model, `complex_object.py` what two networks draw. `crystals.py` and
`simulation.py` make patterns to try.
"""

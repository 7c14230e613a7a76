"""The wing of line integrals: slices from projections of X-rays, parallel or in a fan, and from counted emissions.

`readers.py` makes a `Scan` of any file (`angles.py`, `axes.py`, `scan.py`: counts to integrals); `centre.py` finds
the axis of rotation, `noise.py` how well each ray is known; `medium.py` takes the slices along the pipeline.
`projection.py` is the forward model, `fan.py` that of a fan (`beam.py` chooses), `rays.py` what explains measured
rays, `counted_rays.py` what explains counts (`counts.py`, `emission.py`), `filtered.py` the methods without a
prior, `search.py` those with one; `reconstruction.py` states the task. A new format is a branch in `readers.py`; a
new beam is a module beside `Projection` with the same `forward`.
"""

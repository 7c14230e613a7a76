"""The wing of pictures: values on a grid, measured as they are, with noise, with holes, reduced, or as JPEG.

A file goes through `files/` (one module for each format, `formats.py` is the table of them) to frames (channels,
*space) in [0, 1]; `medium.py` takes them along the pipeline. `noise_model.py` finds the law of the noise and the
variance-stabilised values; `denoising.py`, `inpainting.py`, `upscaling.py` and `dejpeg.py` each state one task.
A new format is a `Format` in `files/formats.py`; a new task is a `state_...` and a `workload_of` beside these.
"""

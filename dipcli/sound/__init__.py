"""The wing of sound: recordings of speech and whatever else, as WAV files.

`wav.py` reads and writes the file, with all that lies in it beside samples; `spectral.py` finds the noise in
the time-frequency plane and the gains that remove it; `clicks.py` mends clicks; `denoising.py` takes a recording
of any length through both, block by block, and states the task; `medium.py` takes the file along the pipeline. No
network is fitted: on speech the published deep prior was below these gains.
"""

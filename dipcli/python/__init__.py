"""The Python face: one function for each command, arrays in and arrays out.

`functions.py` has them; `from dipcli import denoise` gets them from there, so importing dipcli loads no torch.
Each is the command of the same name: the same options, by the same presets, through the same pipeline.
`arguments.py` turns keyword arguments into options, and arrays into the files that readers read; `run.py` is one
call, and `result.py` what comes back.
"""

"""Files, free of any format's meaning: atomic writes, names, hashes and records, HDF5 and MATLAB containers."""

"""The wing of blurred pictures: a sharp picture and the kernel that blurred it, which may be unknown.

Files are those of pictures. `blurred_frame.py` says what is measured of a frame and finds the latent image
behind a kernel; `sharpness.py` says whether there is a blur at all; `given_kernel.py` tries a kernel that is
known, `kernel_search.py` looks for one that is not, in a `searched_part.py` that `crops.py` chose, with
`edge_kernels.py` for one window and `hidden_values.py` to tell kernels apart; `evenness.py` compares the parts,
`simple_kernels.py` tries a line and a disk, `doubts.py` says what speaks against a kernel; `two_networks.py`
goes on from there; `deblurring.py` states the task; `blur.py` is the forward model, `deconvolution.py` has the
classical inverses. A new way to make the picture from a kernel is one function in `deconvolution.py`, and its
name in `options.py` and `blurred_frame.py`.
"""

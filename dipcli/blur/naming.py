"""How blurred pictures are called, and the files beside the sharp ones."""

from dataclasses import replace

from dipcli.pictures.naming import PICTURES

# A kernel for each frame of a stack.
BLURRED = replace(
    PICTURES, beside=(*PICTURES.beside, "kernel#.npy", "kernel#.png", "kernel_map#.npy", "kernel_map#.png")
)

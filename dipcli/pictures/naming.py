"""How pictures are called, and the files beside them."""

from dataclasses import replace

from dipcli.options.naming import Naming

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".npy", ".bmp", ".webp")
PICTURES = Naming(inputs=ENDINGS, outputs=ENDINGS, beside=("spread.tif", "residual.tif"))
# Of denoising, which takes sound and tables, too; of a folder no tables, for they may be of anything.
NOISY = replace(
    PICTURES,
    inputs=(*ENDINGS, ".wav"),
    outputs=(*ENDINGS, ".wav", ".csv"),
    beside=(*PICTURES.beside, "residual.wav", "sd.csv"),
)
SHOWING_MASKS = replace(PICTURES, beside=(*PICTURES.beside, "mask.png", "mask.tif"))

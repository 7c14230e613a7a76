"""WAV files: what is stored comes back, to the bit, and what is none is refused in a sentence."""

import numpy as np
import pytest
import scipy.io.wavfile
from voices import RATE, voice, wav_bytes

from dipcli.errors import InputError
from dipcli.sound.wav import encode_wav, load_wav

KINDS = {
    "8": ("u1", 1, 8),
    "16": ("<i2", 1, 16),
    "24": ("<i4", 1, 24),
    "32": ("<i4", 1, 32),
    "float": ("<f4", 3, 32),
    "double": ("<f8", 3, 64),
}


def stored(kind):
    dtype, tag, bits = KINDS[kind]
    random = np.random.default_rng(0)
    if tag == 3:
        return random.normal(0, 0.3, (500, 2)).astype("<f4").astype(dtype)
    low, high = (0, 256) if bits == 8 else (-(2 ** (min(bits, 24) - 1)), 2 ** (min(bits, 24) - 1))
    step = 2 ** (bits - min(bits, 24))  # what float32 holds
    return (random.integers(low, high, (500, 2)) * step).astype(dtype)


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_byte_by_byte(tmp_path, kind, extensible):
    _, tag, bits = KINDS[kind]
    content = wav_bytes(stored(kind), tag=tag, bits=bits, extensible=extensible)
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    sound = load_wav(path)
    assert sound.samples.shape == (2, 500)
    assert sound.rate == RATE
    assert b"".join(encode_wav(sound.samples, sound)) == content


def test_samples_are_those_of_scipy(tmp_path):
    path = tmp_path / "a.wav"
    values = np.round(voice(0.1) * 32767).astype(np.int16)
    scipy.io.wavfile.write(path, RATE, values)
    assert np.array_equal(load_wav(path).samples[0], values / np.float32(32768))


def test_what_does_not_fit_is_clipped_and_not_wrapped(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(stored("16")))
    sound = load_wav(path)
    loud = np.full_like(sound.samples, 1.5)
    path.write_bytes(b"".join(encode_wav(loud, sound)))
    assert load_wav(path).samples.min() > 0.99


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(stored("16"))[:1001])
    assert "breaks off" in load_wav(path).warnings[0]
    path.write_bytes(wav_bytes(stored("16"), declared=0xFFFFFFFF)[:1500])  # as from a pipe
    assert not load_wav(path).warnings


def test_samples_that_are_no_numbers_are_silence(tmp_path):
    values = stored("float").copy()
    values[3] = np.nan
    (tmp_path / "a.wav").write_bytes(wav_bytes(values, tag=3, bits=32))
    sound = load_wav(tmp_path / "a.wav")
    assert np.isfinite(sound.samples).all()
    assert "silence" in sound.warnings[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (wav_bytes(stored("8"), tag=7, bits=8), "compressed by µ-law"),
        (wav_bytes(stored("8"), tag=6, bits=8), "compressed by A-law"),
        (wav_bytes(stored("16"), tag=85), "compressed by MP3"),
        (wav_bytes(stored("16"), rate=0), "are not known"),
        (wav_bytes(stored("16")[:0]), "no sound"),
        (b"RF64" + wav_bytes(stored("16"))[4:], "is RF64"),
        (b"ID3 and so on, but no RIFF", "is no WAV file"),
        (wav_bytes(stored("16"))[:20], "no samples"),
        (b"", "is no WAV file"),
    ],
)
def test_what_is_none_is_one_sentence(tmp_path, content, said):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_wav(path)
    assert said in str(caught.value)
    assert str(caught.value).endswith(".")

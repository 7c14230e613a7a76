"""`dipcli denoise` of sound: files, sentences, and pictures beside it."""

import json

import numpy as np
import pytest
from voices import RATE, hiss, save_wav, voice, wav_bytes

from dipcli.sound.wav import load_wav
from tests.commands import record_of, save_noisy, sentence_of


@pytest.fixture
def talk(tmp_path):
    return save_wav(tmp_path / "talk.wav", voice(2) + hiss(voice(2), 0.05))


def test_a_talk_comes_out_cleaner_with_its_record(program, talk, tmp_path):
    save_wav(tmp_path / "truth.wav", voice(2))
    done = program("denoise", talk, "-o", tmp_path / "clean.wav", "--reference", tmp_path / "truth.wav")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'clean.wav'}\n"
    metrics = record_of(tmp_path / "clean.wav")["metrics"]
    assert metrics["si_sdr_db"] > metrics["input_si_sdr_db"] + 4
    assert "dB (input" in done.stderr
    sound = load_wav(tmp_path / "clean.wav")
    assert (sound.rate, sound.bits, sound.samples.shape) == (RATE, 16, (1, 2 * RATE))
    assert b"talk" in (tmp_path / "clean.wav").read_bytes()  # the title


def test_what_was_removed_can_be_had(program, talk, tmp_path):
    assert program("denoise", talk, "-o", tmp_path / "clean.wav", "--residual").exit_code == 0
    parts = [load_wav(tmp_path / f"clean{ending}.wav").samples for ending in ("", ".residual")]
    assert np.abs(sum(parts) - load_wav(talk).samples).max() < 2 / 32768


def test_a_folder_may_hold_pictures_and_sound(program, talk, tmp_path):
    (tmp_path / "in").mkdir()
    talk.rename(tmp_path / "in" / "talk.wav")
    save_noisy(tmp_path / "in" / "a.png")
    done = program("denoise", "-r", tmp_path / "in", "-o", tmp_path / "out", "--preset", "instant")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out" / "talk.wav").is_file()
    assert (tmp_path / "out" / "a.png").is_file()


def test_a_dry_run_says_what_it_costs(program, talk, tmp_path):
    done = program("denoise", talk, "-o", tmp_path / "clean.wav", "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["forecast"]["seconds"] > 0


def test_what_does_not_fit_is_one_sentence(program, talk, tmp_path):
    out = ("-o", tmp_path / "clean.wav")
    assert "--sigma is for pictures" in sentence_of(program("denoise", talk, *out, "--sigma", "0.1"), 2)
    assert "written as WAV" in sentence_of(program("denoise", talk, "-o", tmp_path / "clean.png"), 2)
    short = save_wav(tmp_path / "short.wav", voice(1))
    assert "the reference has" in sentence_of(program("denoise", talk, *out, "--reference", short), 2)
    (tmp_path / "law.wav").write_bytes(wav_bytes(np.zeros((50, 1), np.uint8), tag=7, bits=8))
    assert "µ-law" in sentence_of(program("denoise", tmp_path / "law.wav", *out))

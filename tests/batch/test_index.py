"""index.html of a batch: what it says, whom it leaves alone, and how it looks in a real browser."""

import json
import re
import shutil
import urllib.parse
from html.parser import HTMLParser

import pytest

from dipcli.report.index_page import GENERATOR, Page, Row, link_to, page_of, pictures_in
from tests.browser import CHROMIUM, Browser
from tests.commands import save_noisy

ODD = ('it\'s "a" <b>&amp; #1 100%.png', "ünï/コ:d.png", "-x\n.png", "a\udcff.png")
PIXEL = "data:image/jpeg;base64,AAAA"


class Found(HTMLParser):
    """Rows with their names, links and numbers of pictures."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.links, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if "data-key" in found and tag == "tr":
            self.rows.append({**found, "pictures": 0})
        if tag == "img":
            self.rows[-1]["pictures"] += 1
        if tag == "a":
            self.links.append(found["href"])


@pytest.fixture
def reported(batch, monkeypatch):
    """`reported(...)`: the batch with pictures, but without the drawing that takes long."""
    monkeypatch.setenv("DIPCLI_REPORT", "1")
    monkeypatch.setattr("dipcli.pipeline.process.can_draw", lambda: False)
    return batch


@pytest.fixture
def page(tmp_path):
    """What the page of the batch holds now."""
    return lambda: Found((tmp_path / "out" / "index.html").read_text("utf-8"))


def shown(page):
    return {row["data-shown"]: (row["class"], row["pictures"]) for row in page.rows}


def page_with(*rows):
    return page_of(Page("dipcli denoise: out", "a summary", "about", rows, len(rows)))


@pytest.mark.parametrize("name", ODD)
def test_names_of_any_letters_are_shown_linked_and_found_again(name):
    row = Row(name, "done", files={"picture": link_to(name)}, digest="0f", pictures=(PIXEL, f"{PIXEL}BB"))
    text = page_with(row)
    text.encode()  # whatever the name, the page is UTF-8
    assert pictures_in(text) == {name: ("0f", (PIXEL, f"{PIXEL}BB"))}
    (link,) = Found(text).links
    assert urllib.parse.unquote_to_bytes(link) == name.encode(errors="surrogateescape")
    assert not urllib.parse.urlsplit(link).scheme
    assert "<b>" not in text


def test_failures_come_first_and_then_what_was_not_confirmed():
    rows = [Row("a", "done"), Row("b", "unconfirmed"), Row("c", "failed", "no file"), Row("d", "done")]
    assert list(shown(Found(page_with(*rows)))) == ["c", "b", "a", "d"]


def test_columns_that_say_nothing_are_left_out():
    text = page_with(Row("a", "done", seconds=2.0))
    assert "Seconds" in re.findall("<thead>.*</thead>", text)[0]
    assert "Noise" not in re.findall("<thead>.*</thead>", text)[0]


def test_the_page_needs_no_network():
    text = page_with(Row("a", "done", "x", pictures=(PIXEL, PIXEL)))
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    assert "http" not in text.replace("http-equiv", "")


def test_a_batch_has_a_page_with_pictures_and_links_that_lead_somewhere(reported, scans, page, tmp_path):
    (scans / "bad.png").write_text("no picture")
    assert reported("--reference", scans).exit_code == 1
    found = page()
    assert shown(found) == {"bad.png": ("failed", 0), **{f"{n}.png": ("unconfirmed", 2) for n in "abc"}}
    for link in found.links:
        assert (tmp_path / "out" / urllib.parse.unquote(link)).is_file(), link
    assert all(row["data-db"] for row in found.rows[1:])


def test_a_failure_that_was_mended_is_none_any_more(reported, scans, page):
    (scans / "b.png").write_text("no picture")
    reported()
    save_noisy(scans / "b.png")
    reported("--retry-failed")
    assert shown(page()) == {f"{name}.png": ("unconfirmed", 2) for name in "abc"}


def test_going_on_keeps_the_pictures_of_what_is_done(reported, page):
    reported()
    assert reported("--resume").stdout == ""
    assert {pictures for _, pictures in shown(page()).values()} == {2}


def test_a_picture_of_an_earlier_result_is_not_shown(reported, page, monkeypatch):
    reported()
    reported("--overwrite", "--sigma", "0.3", "--no-report")
    assert {pictures for _, pictures in shown(page()).values()} == {2}  # that call leaves the page alone
    reported("--resume", "--sigma", "0.3")
    assert {pictures for _, pictures in shown(page()).values()} == {0}


def test_shards_write_one_page(reported, page):
    reported("--shard", "1/2")
    assert len(page().rows) < 3
    reported("--shard", "2/2")
    assert shown(page()) == {f"{name}.png": ("unconfirmed", 2) for name in "abc"}


def test_workers_hand_their_pictures_over(reported, page):
    assert reported("--jobs", "2").exit_code == 0
    assert {pictures for _, pictures in shown(page()).values()} == {2}


def test_it_can_be_watched(reported, page, monkeypatch):
    seen = []
    monkeypatch.setattr("dipcli.batch.index.LEAST_SECONDS", 0.0)
    monkeypatch.setattr("dipcli.batch.index.SHARE", 0.0)
    monkeypatch.setattr("dipcli.batch.run._tell", lambda ended, batch: seen.append(len(page().rows)))
    reported()
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("arguments", [("--no-report",), ("--dry-run",)])
def test_nothing_is_written_where_it_is_not_wanted(reported, tmp_path, arguments):
    reported(*arguments)
    assert not (tmp_path / "out" / "index.html").exists()


def test_one_input_has_no_page(denoise, noisy, tmp_path, monkeypatch):
    monkeypatch.setenv("DIPCLI_REPORT", "1")
    denoise(noisy, "-o", tmp_path / "clean.png")
    assert not (tmp_path / "index.html").exists()


def test_a_page_of_somebody_else_stays(reported, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "index.html").write_text("mine")
    done = reported()
    assert (done.exit_code, (tmp_path / "out" / "index.html").read_text()) == (0, "mine")
    assert "index.html: is not of this program and stays" in done.stderr
    reported("--overwrite")
    assert GENERATOR in (tmp_path / "out" / "index.html").read_bytes()


def test_a_page_that_cannot_be_written_costs_nobody_the_result(reported, tmp_path):
    (tmp_path / "out" / "index.html").mkdir(parents=True)
    done = reported()
    assert done.exit_code == 0
    assert done.stderr.count("index.html") == 1
    assert (tmp_path / "out" / "c.png").is_file()


def test_records_and_pages_that_are_damaged_do_not_stop_it(reported, page, tmp_path):
    reported()
    (tmp_path / "out" / "a.run.json").write_text(json.dumps({"metrics": 3, "outputs": [], "warnings": "x"}))
    (tmp_path / "out" / "index.html").write_bytes(GENERATOR + b'<tr data-key="\xff')
    assert reported("--retry-failed").exit_code == 0
    assert len(page().rows) == 3


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_browser_shows_it(reported, scans, tmp_path, width, scheme):
    shutil.copy(scans / "a.png", scans / f"{'a_long_name_' * 12}.png")
    shutil.copy(scans / "b.png", scans / "10 <i>%23.png")
    (scans / "bad.png").write_text("no picture")
    reported("--reference", scans)
    with Browser() as browser:
        browser.open(tmp_path / "out" / "index.html", width=width, scheme=scheme)
        assert browser.value_of("document.documentElement.scrollWidth") <= width
        assert browser.value_of("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert browser.value_of(
            "[...document.querySelectorAll('td')].every(e => e.scrollWidth <= e.clientWidth + 1)"
        )
        assert browser.value_of("document.querySelector('tbody tr').dataset.shown") == "bad.png"
        sort = "const s = document.getElementById('sort'); s.value = 'name'; s.dispatchEvent(new Event('change'));"
        browser.value_of(sort)
        order = browser.value_of("[...document.querySelectorAll('tbody tr')].map(r => r.dataset.shown).join('|')")
        assert order.startswith("10 <i>%23.png|a_long_name_")
        slide = (
            "const r = document.querySelector('.pair input'); r.value = 80; r.dispatchEvent(new Event('input'));"
        )
        browser.value_of(slide)
        assert browser.value_of("document.querySelector('.pair').style.getPropertyValue('--cut')") == "80%"
        assert browser.screenshot()[:4] == b"\x89PNG"

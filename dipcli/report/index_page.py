"""The page of a batch: one HTML file with everything in it, that needs no network and no program."""

import html
import os
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal

from dipcli.io.names import printable
from dipcli.report.thumbnails import Thumbnails

GENERATOR = b'<meta name="generator" content="dipcli">'  # by which a page is known for one of this program
ROW = re.compile(
    r'^<tr data-key="([^"]*)" data-of="([^"]*)"[^\n]*? src="(data:[^"]*)"[^\n]*? src="(data:[^"]*)"', re.M
)
SAID = {"failed": "failed", "unconfirmed": "not confirmed", "done": "done"}
TITLES = {
    "name": "Name",
    "noise": "Noise",
    "state": "Ending",
    "db": "dB",
    "seconds": "Seconds",
    "warnings": "Warnings",
}
SORTED = ("name", "db", "seconds", "warnings")
PREFERRED = ("failed", "unconfirmed", "done")  # what is looked at first


@dataclass(frozen=True)
class Row:
    """One input; `files` are links, by what they are called."""

    name: str
    standing: Literal["failed", "unconfirmed", "done"]
    how: str = ""
    noise: str = ""
    score_db: float | None = None
    input_db: float | None = None
    seconds: float | None = None
    warnings: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""  # of the output, to which the pictures belong
    pictures: Thumbnails | None = None


@dataclass(frozen=True)
class Page:
    """What is said of a whole batch."""

    title: str
    summary: str
    about: str
    rows: Sequence[Row]
    total: int


def page_of(page: Page) -> str:
    """The page as HTML; rows in their order within each standing, failures first."""
    rows = sorted(page.rows, key=lambda row: PREFERRED.index(row.standing))
    columns = [name for name in TITLES if name in ("name", "state") or any(_cell(row, name) for row in rows)]
    filled = {
        "title": html.escape(printable(page.title)),
        "heading": html.escape(printable(page.title)),
        "summary": html.escape(page.summary),
        "about": html.escape(printable(page.about)),
        "ended": str(len(rows)),
        "total": str(page.total),
        "head": "".join(["<th>Input and result</th>", *map(_head, columns), "<th>Files</th>"]),
        "rows": "\n".join(_row(row, rank, columns) for rank, row in enumerate(rows)),
    }
    template = (files("dipcli.report") / "index.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], template)


def pictures_in(text: str) -> dict[str, tuple[str, Thumbnails]]:
    """The pictures of a page, by the name of the input: of which output they are, and themselves."""
    return {
        os.fsdecode(urllib.parse.unquote_to_bytes(key)): (digest, (before, after))
        for key, digest, before, after in ROW.findall(text)
    }


def link_to(path: str | Path) -> str:
    """A relative path, of any bytes, as a link has it."""
    return urllib.parse.quote(os.fsencode(path))


def _head(name: str) -> str:
    sortable = f'<button type="button">{TITLES[name]}</button>' if name in SORTED else TITLES[name]
    attributes = f' data-key="{name}"' if name in SORTED else ""
    return f"<th{attributes}{_class(name)}>{sortable}</th>"


def _class(name: str) -> str:
    return ' class="number"' if name in ("db", "seconds") else ""


def _row(row: Row, rank: int, columns: Sequence[str]) -> str:
    """One line, so that `pictures_in` finds what is in it."""
    shown = html.escape(printable(row.name))
    data = {
        "key": link_to(row.name),
        "of": row.digest,
        "shown": shown,
        "rank": str(rank),
        "db": "" if row.score_db is None else f"{row.score_db:.4f}",
        "seconds": "" if row.seconds is None else f"{row.seconds:.3f}",
        "warnings": str(len(row.warnings)),
    }
    attributes = " ".join(f'data-{name}="{value}"' for name, value in data.items())
    cells = [f'<td data-label="{TITLES[name]}"{_class(name)}>{_cell(row, name)}</td>' for name in columns]
    cells = [f"<td>{_pair(row, shown)}</td>", *cells, f"<td>{_links(row)}</td>"]
    line = f'<tr {attributes} class="{row.standing}">{"".join(cells)}</tr>'
    return line.replace("\n", " ")


def _cell(row: Row, name: str) -> str:
    match name:
        case "name":
            return f'<span class="name">{html.escape(printable(row.name))}</span>'
        case "noise":
            return html.escape(row.noise)
        case "state":
            how = html.escape(printable(row.how))
            return f'<span class="state">{SAID[row.standing]}</span>{": " if how else ""}{how}'
        case "db" if row.score_db is not None:
            before = "" if row.input_db is None else f' <span class="dim">(input {row.input_db:.2f})</span>'
            return f"{row.score_db:.2f}{before}"
        case "seconds" if row.seconds is not None:
            return f"{row.seconds:.1f}"
        case "warnings" if row.warnings:
            return f"<ul>{''.join(f'<li>{html.escape(printable(text))}</li>' for text in row.warnings)}</ul>"
        case _:
            return ""


def _pair(row: Row, shown: str) -> str:
    """Result and input over each other, and what moves the line between them."""
    if row.pictures is None:
        return ""
    before, after = row.pictures
    return (
        f'<div class="pair"><img class="before" alt="{shown}: input" src="{before}">'
        f'<img class="after" alt="{shown}: result" src="{after}">'
        '<input type="range" min="0" max="100" value="50" '
        f'aria-label="{shown}: how much of the input is shown"></div>'
        '<div class="caption dim" aria-hidden="true"><span>input</span><span>result</span></div>'
    )


def _links(row: Row) -> str:
    links = [f'<a href="{html.escape(link)}">{html.escape(said)}</a>' for said, link in row.files.items()]
    return " · ".join(links)

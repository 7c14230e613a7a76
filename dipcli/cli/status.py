"""`dipcli status`: how far a batch is."""

from pathlib import Path
from typing import Annotated

import typer


def status(
    folder: Annotated[Path, typer.Argument(help="The folder that the batch writes into.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, not a table.")] = False,
) -> int:
    """Tell of each input of a batch whether it is done, begun, failed or waiting.

    Works while the batch runs, on this machine or elsewhere. Files are not read through: --resume is more exact.
    Example: dipcli status clean/
    """
    from collections import Counter

    from dipcli.batch.plan import load_manifest
    from dipcli.errors import InputError
    from dipcli.io.names import printable
    from dipcli.io.run_record import load_record, to_json
    from dipcli.pipeline.progress_files import failure_of, glance
    from dipcli.report.messages import open_console, say, show_messages

    show_messages(open_console(), "info")
    rows: list[dict[str, object]] = []
    for item in load_manifest(folder).items:
        standing = glance(item)
        row: dict[str, object] = {"name": item.name, "standing": standing}
        try:
            if standing == "done":
                record = load_record(item.beside("run.json"))
                row |= {name: record.get(name) for name in ("ending", "iterations", "seconds")}
            elif standing == "failed":
                row["error"] = failure_of(item)
        except InputError as error:
            row["error"] = str(error)
        rows.append(row)
    counts = dict(Counter(str(row["standing"]) for row in rows))
    if json:
        say(to_json({"counts": counts, "items": rows}))
        return 0
    width = max((len(printable(row["name"])) for row in rows), default=0)
    for row in rows:
        details = [str(row[name]) for name in ("ending", "error") if name in row]
        details += [f"{row['iterations']} iterations, {row['seconds']} s"] if "seconds" in row else []
        say(f"{printable(row['name']):{width}}  {row['standing']:8} {', '.join(details)}".rstrip())
    say(", ".join(f"{count} {standing}" for standing, count in counts.items()))
    return 0

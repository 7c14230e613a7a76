"""`dipcli status`: how far a batch is."""

from pathlib import Path
from typing import Annotated

import typer


def status(
    folder: Annotated[Path, typer.Argument(help="The folder that the batch writes into.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, not a table.")] = False,
) -> int:
    """Tell of each input of a batch whether it is done, begun, failed or waiting, and which results to look at.

    Works while the batch runs, on this machine or elsewhere; of a folder without a plan, by its records. Files are
    not read through: --resume is more exact.

    Example: dipcli status clean/
    """
    from collections import Counter

    from dipcli.batch.plan import NAME, load_manifest
    from dipcli.batch.standing import items_in, row_of
    from dipcli.errors import InputError
    from dipcli.io.names import printable
    from dipcli.io.run_record import to_json
    from dipcli.report.messages import open_console, say, show_messages

    show_messages(open_console(), "info")
    is_planned = (folder / NAME).exists()
    items = load_manifest(folder).items if is_planned else items_in(folder)
    if not items and not is_planned:
        raise InputError(f"{folder}: holds neither a plan nor a record; name the folder of outputs.")
    rows = [row_of(item) for item in items]
    counts = dict(Counter(str(row["standing"]) for row in rows))
    unconfirmed = sum(row.get("confirmed") is False for row in rows)
    if json:
        say(to_json({"counts": counts, "unconfirmed": unconfirmed, "items": rows}))
        return 0
    width = max((len(printable(row["name"])) for row in rows), default=0)
    for row in rows:
        details = [str(row[name]) for name in ("ending", "error") if name in row]
        details += [f"{row['iterations']} iterations, {row['seconds']} s"] if "seconds" in row else []
        details += ["NOT CONFIRMED, look at it"] if row.get("confirmed") is False else []
        say(f"{printable(row['name']):{width}}  {row['standing']:8} {', '.join(details)}".rstrip())
    doubts = [f"{unconfirmed} not confirmed"] if unconfirmed else []
    say(", ".join([*(f"{count} {standing}" for standing, count in counts.items()), *doubts]))
    return 0

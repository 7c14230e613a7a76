"""`--jobs`: the same command in several processes, and one display of them all."""

import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dipcli.batch.attempt import Attempt
from dipcli.batch.selection import Batch
from dipcli.batch.worker_pool import Workers
from dipcli.pipeline.context import Session
from dipcli.pipeline.progress_files import note_failure
from dipcli.report.messages import LOGGER
from dipcli.report.progress import Display, Glimpse


def share_out(batch: Batch, session: Session, devices: Sequence[str], display: Display) -> Iterator[Attempt]:
    """Have the items of a batch processed by a worker for each device; yields how they ended, as they do."""
    call = replace(session.files.call, inputs=session.files.call.inputs[:1])
    changes: dict[str, str | bool | None] = {"shard": None, "worker": True}
    changes["threads"] = str(session.threads)
    program = (sys.executable, "-m", "dipcli")
    with Workers([(*program, *call.again(**changes, device=device)) for device in devices]) as workers:
        for item, report in workers.work(batch.todo, session.interrupted.is_set):
            kind, facts = report["kind"], {name: fact for name, fact in report.items() if name != "kind"}
            if kind == "progress":
                display.show(Glimpse(**facts))
            elif kind == "message":
                LOGGER.log(logging.getLevelNamesMapping()[facts["level"]], "%s", facts["text"])
            elif kind != "ready":
                if kind == "failed" and batch.folder is not None:
                    note_failure(item, facts["text"])
                yield Attempt(kind, facts["text"])

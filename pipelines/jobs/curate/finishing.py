"""Apply the decisions and write the documents of a curate step."""

from curation import tables

from ...run import Made
from ...settings import CurateSettings
from .counts import of_drops
from .drops import Pending, applied
from .shelf import Curation, Shelf


def finish(job: Curation, pending: Pending, settings: CurateSettings) -> None:
    """Write `documents/`, and the ledger and texts of what the global stages dropped."""
    works = [
        job.work(f"finish/{part}", ["finish", settings.keep_dropped, pending.decisions], pending.reads(part), _finish,
                 part, pending.source, list(pending.decisions), settings.keep_dropped)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "writing documents")


def _finish(shelf: Shelf, part: str, source: str, decisions: list[str], keep_dropped: bool) -> Made:
    split = applied(shelf, source, part, decisions)
    tables.check(split.kept, tables.DOCUMENTS, "doc_id")
    outputs = [
        shelf.save(split.kept, "documents", f"part-{part}"),
        shelf.save(split.ledger, "ledger", f"duplicates-{part}"),
    ]
    if keep_dropped:
        outputs.append(shelf.save(split.dropped, "dropped", f"duplicates-{part}"))
    return Made(tuple(outputs), {"passed": split.kept.height, **of_drops(split.ledger)})

"""Where a text that was cut off still ends well."""

from curation.boundaries import boundaries


def trimmed(text: str) -> str:
    """A text up to its last whole sentence or line; empty where it has none.

    A text that happens to end with a full stop is whole: what would have followed is another sentence.
    """
    # a capital after it, as a sentence begins: an abbreviation is no end
    places = boundaries(f"{text.rstrip()} X").places
    return text[: places[-1]].rstrip() if places else ""

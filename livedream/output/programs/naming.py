"""Names that outputs to other programs go by."""


def name_in(sink: str) -> str:
    """NAME of `kind:NAME`, "livedream" if there is none."""
    return sink.partition(":")[2] or "livedream"

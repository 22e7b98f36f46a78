"""Errors of shader compilers, as Mesa, NVIDIA, and AMD, Intel and Apple write them."""

import re

from livedream.look import prelude
from livedream.look.vocabulary import SAME

# The names that the file has, by those of the translation.
BACK = {ours: theirs for theirs, ours in SAME.items() if ours[:4] == "isf_" and theirs[:3] in ("gl_", "tex", "mai")}


def first_error(log: str) -> tuple[int | None, str]:
    """Return the first error of a compiler's or linker's log: its line in the file, if known, and its text.

    Names in the text are the file's own.
    """
    first = ""
    for line in log.splitlines():
        found = re.match(r"\s*(?:ERROR:\s*)?\d+[:(](\d+)\)?(?:\(\d+\))?\s*:\s*(.*)", line)
        message = found.group(2) if found else line
        if "error" not in line.lower() or not message.strip() or line.strip().lower().startswith("glsl "):
            continue
        message = re.sub(r"^(?:fatal )?error\s*(?:[CX]\d+)?\s*:\s*", "", message.strip(), flags=re.IGNORECASE)
        if found and int(found.group(1)) < prelude.LINE:
            return int(found.group(1)), _own_words(message)
        first = first or message
    return None, _own_words(first or " ".join(log.split())[:300])


def _own_words(message: str) -> str:
    message = re.sub(r"isf_name_(\w+)", r"\1", message)
    return re.sub(r"isf_\w+", lambda found: BACK.get(found.group(), found.group()), message).strip()[:300]

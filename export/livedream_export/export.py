"""`livedream export`: a checkpoint of a training run becomes the dream it would have written."""

from pathlib import Path

from livedream import UserError

from . import checkpoint, kinds


def export_checkpoint(path: Path | str, out: Path | str) -> Path:
    """Write the dream of a checkpoint to `out`, and return it.

    Raises:
        UserError: the checkpoint is missing or damaged, no dream can be made of its kind's, or its footage is needed
            and no longer in the cache.
    """
    path, out = Path(path), Path(out)
    if out.suffix != ".onnx":
        raise UserError(f"-o {out}: a dream's name ends in .onnx")
    name = checkpoint.read(path, set()).get("kind", kinds.DEFAULT)
    export = kinds.find(name).export() if name in kinds.KINDS else None
    if export is None:
        raise UserError(f"{path}: not a checkpoint of a kind that can be exported")
    return export(path, out)

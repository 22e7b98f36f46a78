"""Where a picture of one shape goes in a rectangle of another."""


def placed(width: int, height: int, across: int, down: int, fit: str = "contain") -> tuple[int, int, int, int]:
    """(x, y, w, h) of a picture of `width` x `height` pixels within `across` x `down`, centred.

    fit: "contain" leaves bars, "cover" reaches over the edges (x or y negative), "stretch" fills and bends.
    """
    if fit == "stretch" or width * down == height * across:
        return 0, 0, across, down
    scale = (max if fit == "cover" else min)(across / width, down / height)
    w, h = max(round(width * scale), 1), max(round(height * scale), 1)
    return (across - w) // 2, (down - h) // 2, w, h

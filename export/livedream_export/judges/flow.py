"""What of a picture's change no motion explains: 0 when everything seen was there before, elsewhere; 1 and more when it
boils.
"""

import numpy as np

try:
    import cv2
except ImportError:  # told in the table
    cv2 = None

MEND = "pip install opencv-python-headless"
LEAST = 32  # pixels a side, below which no flow is measured


class Unexplained:
    """The share over pairs of neighbours: what is left of their change after the first is warped to the second."""

    def __init__(self):
        self.pairs, self._left, self._whole = 0, 0.0, 0.0
        self._dis = cv2 and cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def add(self, a: np.ndarray, b: np.ndarray) -> None:
        """A picture and the next one, uint8 [H, W, 3]."""
        if not self._dis or min(a.shape[:2]) < LEAST:
            return
        self._left += np.abs(b.astype(np.float32) - self._warped(a, b)).mean()
        self._whole += np.abs(b.astype(np.float32) - a).mean()
        self.pairs += 1

    @property
    def share(self) -> float | None:
        """None without OpenCV, without pairs, and of what stands still."""
        return float(self._left / self._whole) if self._whole else None

    def _warped(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """a moved to where b has it, by dense inverse search (Kroeger et al., ECCV 2016)."""
        flow = self._dis.calc(*(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (b, a)), None)
        y, x = np.mgrid[0 : a.shape[0], 0 : a.shape[1]].astype(np.float32)
        moved = cv2.remap(
            np.ascontiguousarray(a),
            x + flow[..., 0],
            y + flow[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return moved.astype(np.float32)

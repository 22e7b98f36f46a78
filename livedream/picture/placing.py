"""The ways to place a picture in a window or another picture."""

FITS = ("contain", "cover", "stretch")  # how a picture of another shape is placed
FLIPS = ("none", "h", "v", "hv")  # mirrored sideways, upside down, both
TURNS = (0, 90, 180, 270)  # degrees clockwise, after the flip
WHOLE = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)  # corners: x, y of the whole window, from the top left one clockwise
BEYOND = 0.5  # a part of the window's side: a corner may lie this far outside

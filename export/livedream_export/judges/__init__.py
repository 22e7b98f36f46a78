"""Judges of pictures and of how they move: each takes arrays of frames, uint8 [N, H, W, 3] sRGB, and knows no dream.

They are for `livedream evaluate`, and for whoever has frames of another origin to judge.
"""

"""Judges of pictures and their motion: each takes frames, uint8 [N, H, W, 3] sRGB, and most know nothing of dreams.

They are for `livedream evaluate`, and for frames of any other origin.
"""

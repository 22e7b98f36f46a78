"""Uncompressed pictures to other programs, here or on the network: NDI, OMT, a virtual camera, Spout, Syphon."""

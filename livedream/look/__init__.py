"""Looks: ISF shaders (https://isf.video, version 2.0 and 1.0) over the frames.

source = header.read(path)            pure: the file read and checked, no OpenGL
look = isf.Look(context, source)      compiled; draws one frame at a time into textures
"""

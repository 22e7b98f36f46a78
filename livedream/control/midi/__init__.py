"""MIDI controllers: learned, with soft takeover, 14 bits, relative encoders and feedback; and a bridge to OSC.

surface: a controller in a show, which uses all of the others but the bridge. port: the connection. mapper: messages to
parameters and back, by bindings, learn, move and feedback. mapping_file: bindings on disk. bridge: `livedream midi`.
"""

"""`livedream bench`: what playing a dream costs on this machine, each figure beside its budget.

Everything is measured on the real parts: the player, the live loop with its threads, sockets, encoders, and for
start-up and memory a `livedream run` of its own.
"""

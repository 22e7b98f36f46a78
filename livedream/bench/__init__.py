"""`livedream bench`: the cost of playing a dream on this machine, each figure beside its budget.

Everything is measured on the real parts: the player, the live loop with its threads, sockets, encoders, and for
start-up and memory a `livedream run` in a process of its own. Benches that drag windows, talk to other programs or need
a graphics card are in the repository's folder bench/.
"""

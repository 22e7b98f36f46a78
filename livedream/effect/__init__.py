"""Effects: dreams that take a picture and return another (`apply`), in a chain behind each deck.

A chain is an ordered tuple of slots. Each slot has a thread of its own that runs its network; the drawer waits for it
where it is fast enough, and takes its last picture where it is not.
"""

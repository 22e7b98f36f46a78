"""Live pictures that come in: one file for each kind of source, all of them decoded in a process of their own."""

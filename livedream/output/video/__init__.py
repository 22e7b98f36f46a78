"""Video encoding, for files and streams."""

"""Network streams, encoded in a child process."""

"""Sound that comes in: a sound card or a file, and its analysis."""

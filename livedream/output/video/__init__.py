"""Pictures encoded as video: for files and streams alike."""

"""Recordings, sequences of pictures and screenshots."""

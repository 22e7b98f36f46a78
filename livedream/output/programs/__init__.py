"""Other programs on this machine or network take the pictures as they are: NDI, OMT, camera, Spout, Syphon."""

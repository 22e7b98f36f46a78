"""Peak memory and speed of reading footage, cache empty: python bench/footage_memory.py CLIP [SIZE]"""

import os
import resource
import sys
import tempfile
import time

from livedream_export import footage

clip, size = sys.argv[1], footage.parse_size(sys.argv[2] if len(sys.argv) > 2 else "256")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with tempfile.TemporaryDirectory() as place:
    os.environ["XDG_CACHE_HOME"] = place
    start = time.perf_counter()
    made = footage.read([clip], size)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count, height, width, _ = made.frames.shape
    print(f"{count} frames of {width}x{height} in {seconds:.1f} s, {count / seconds:.0f} a second")
    print(f"peak resident memory {peak:.0f} MB, {before:.0f} MB of it before reading")

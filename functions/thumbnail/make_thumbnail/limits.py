"""What one picture may cost. Nothing here is about the fetch, which has limits of its own."""

MAX_PIXELS = 50_000_000
"""What the cameras of telephones reach. Measured at that size, see docs/decisions/0007-picture-library.md."""

MAX_SIDE = 65_535
"""Pixels: JPEG's own limit, and above every screenshot of a long page."""

MAX_FRAMES = 10_000
"""Of an animation, or pages of a TIFF; five minutes at 30 a second. Only the first is decoded, but the header counts them all."""

MAX_SCANS = 100
"""Scans of a progressive JPEG. Each may cost a pass over all pixels and yet almost no bytes; encoders write about ten.
Source: Red Hat bug 1344214, which cannot imagine a real picture with more than 100."""

LEAST_SHARE = 0.5
"""Of a JPEG that ends early, the share of the rows that must be there for it to be kept."""

CPU_SECONDS = 20
"""Of the processor, for one picture with all its thumbnails. The slowest honest one that was measured takes a quarter of it."""

WALL_SECONDS = 45.0
"""Until a picture is given up that neither ends nor computes. With the fetch, it stays below the function's timeout of 90 s."""

MEMORY = 832 * 1024 * 1024
"""Bytes of address space of the process that decodes. The largest AVIF needs 804 MiB (measured). The function has 1,024, and
takes about 120 of them itself, with the largest file."""

MAX_RESULT = 64 * 1024 * 1024
"""Bytes of all thumbnails of a picture together, as the process that decodes may write them."""

"""`python -m livedream.bench.first_frame run …`: the command line as it is, with a line for the first frame.

It imports nothing that `livedream run` does not, because the time until then is measured.
"""

import sys

FIRST = "first frame"


def main() -> int:
    """Run the command line; the output `none` prints FIRST when a frame is handed to it for the first time."""
    from livedream.output.none import Nowhere

    def show(self, frame) -> None:
        del Nowhere.show  # from now on it is Output's again
        print(FIRST, flush=True)
        self.show(frame)

    Nowhere.show = show
    from livedream import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())

"""What the ``guerdon`` script runs first."""

import gc
import sys

INTERRUPTED = 130
"""The exit code that shells know for Ctrl-C."""


def start() -> None:
    """Load the command and run it.

    Nothing of what is loaded ever becomes garbage, and there is a lot of it. Looking through it again and again takes a
    quarter of the time to load it, and would later hold up every request that happens to set the collector off.
    """
    gc.disable()
    try:
        from guerdon.cli.main import main  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)

    gc.freeze()
    gc.enable()
    main()

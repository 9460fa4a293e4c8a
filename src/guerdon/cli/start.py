"""What the ``guerdon`` script runs first."""

import gc
import sys

from guerdon.core.errors import GuerdonError

INTERRUPTED = 130
"""The exit code that shells know for Ctrl-C."""

YOUNG_MAX = 10_000
"""How many new objects may be about before they are looked through for garbage: a dozen times Python's own number.

A group of activities makes thousands that are all needed until it is posted; looking through them after every 700 was a
tenth of what a request cost.
"""


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
    except GuerdonError as exc:  # of a program, which is loaded with the command
        from guerdon.cli.console import show_error  # noqa: PLC0415

        show_error(exc)
        sys.exit(1)

    gc.freeze()
    gc.set_threshold(YOUNG_MAX, *gc.get_threshold()[1:])
    gc.enable()
    main()

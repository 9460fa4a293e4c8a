"""Python's garbage collector, kept from what never becomes garbage."""

import gc

import pytest

THRESHOLDS = (20_000, 20, 50)
"""Objects before the young are looked through, and how many such looks before the older ones are."""

gc.disable()  # while everything is imported


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Set aside all that is loaded: to look through it again and again costs a tenth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()

"""``python -m guerdon.cli``: how ``guerdon up`` starts its parts, whatever the PATH says."""

from guerdon.cli.start import start

start()

"""``python -m guerdon.cli``: how ``guerdon up`` starts its parts, whatever the PATH says."""

from guerdon.cli.main import main

main()

"""The ``guerdon`` command."""

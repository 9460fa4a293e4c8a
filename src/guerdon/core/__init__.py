"""Pure building blocks without any I/O: money, ids, time, settings and errors."""

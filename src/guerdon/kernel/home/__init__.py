"""The first page: what every program has to say to whoever comes in."""

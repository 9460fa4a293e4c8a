"""How members keep a tier: what counts, for how long, and how and when they fall."""

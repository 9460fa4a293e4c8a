"""What leaderboards do: read, defined by staff, closed, built and checked."""

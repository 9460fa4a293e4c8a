"""What the events program does, by what it is about."""

"""Events: published, registered for, attended; worth points, badges and streaks."""

"""Leaderboards: who has most of something in a day, a week, a month or of all time, exact at every moment."""

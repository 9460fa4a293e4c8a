"""Streaks: how many days, weeks or months in a row a member kept something up, with freezes, pauses and bonuses."""

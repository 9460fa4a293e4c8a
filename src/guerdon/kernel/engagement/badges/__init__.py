"""Badges: what members have reached, in up to five levels, with rewards and signed credentials."""

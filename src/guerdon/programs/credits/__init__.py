"""Community contributions: items, money and volunteer hours, approved by staff, worth credits."""

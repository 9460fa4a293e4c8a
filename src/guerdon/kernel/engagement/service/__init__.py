"""What the engagement kernel does: ``rules`` says what facts are worth, ``tiers`` where members stand."""

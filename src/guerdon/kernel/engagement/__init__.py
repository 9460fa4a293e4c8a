"""From facts to worth and standing: versioned rules and tiers, for every program alike."""

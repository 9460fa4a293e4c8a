"""What can be done with profiles, addresses, guardianships, proofs of identity and personal data."""

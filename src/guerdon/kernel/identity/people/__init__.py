"""People behind the accounts: profiles, addresses, guardians, proof of identity, privacy. Tables: schema identity."""

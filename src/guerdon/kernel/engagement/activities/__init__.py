"""Activities: facts about members, recorded once, and what follows from them: awards, counters, standing."""

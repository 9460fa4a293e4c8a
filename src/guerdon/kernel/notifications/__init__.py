"""What people are told outside of the pages: the outbox, and who carries its messages."""

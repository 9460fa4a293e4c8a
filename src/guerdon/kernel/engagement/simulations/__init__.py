"""What a version of a rule would have paid for what really happened; nothing moves."""

"""What staff answer for: the audit log."""

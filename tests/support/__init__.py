"""What tests stand on: databases, processes, people."""

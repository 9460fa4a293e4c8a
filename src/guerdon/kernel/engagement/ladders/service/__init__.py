"""What decides who stands where: the pure rules, the keeping, and the configuration."""

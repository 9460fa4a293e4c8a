"""What all programs stand on: one package for each capability, and the seam that a program fits into."""

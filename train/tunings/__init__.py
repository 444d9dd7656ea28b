"""Which weights move, and what stands beside those that do not."""

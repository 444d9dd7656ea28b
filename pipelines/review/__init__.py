"""Manual review: people judge a sample of a run's rows, or pairs of answers, on a local page."""

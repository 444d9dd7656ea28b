"""Manual review: which rows people are shown, how far they agree, and what their answers say of the rules."""

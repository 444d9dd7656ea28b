"""A model in, samples out: engines, prompts, methods that generate, verification of what they generate."""

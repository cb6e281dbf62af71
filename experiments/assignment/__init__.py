"""Who gets which arm of an A/B test: one way a file."""

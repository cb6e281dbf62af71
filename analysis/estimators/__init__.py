"""Estimators of A/B metrics: one file a kind."""

"""What is kept: bundle (a model in a signed folder), sign (keys), environment (versions), folder (of a run)."""

"""Sources, profile, splits and the past."""

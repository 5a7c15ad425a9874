"""The recipe: one strict schema, with numbered upgrades of older ones."""

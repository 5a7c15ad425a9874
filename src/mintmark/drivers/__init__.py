"""Drivers: what surrounds the spine. They call its `tried` and `whole`, see validation answers, never test rows."""

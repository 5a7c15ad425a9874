"""Figures as people write them."""


def number(value: float) -> str:
    """Four significant digits, thousands apart, a power of ten only where people would write one too."""
    if value == 0 or 1e-4 <= abs(value) < 1e15:
        return f"{value:,.0f}" if abs(value) >= 10000 else f"{value:,.4g}"
    return f"{value:.3g}"

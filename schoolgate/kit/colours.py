"""Colours as #rrggbb, and how well text on them can be read (WCAG 2.2, 1.4.3)."""

import re

WHITE = "#ffffff"
BLACK = "#000000"
# What text needs against its ground (WCAG 2.2 level AA).
ENOUGH = 4.5
_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def parse(text: str) -> str | None:
    """``#0B5563``, ``0b5563`` or ``#abc`` as #rrggbb in small letters; None for anything else."""
    found = _HEX.fullmatch(text.strip())
    if not found:
        return None
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1.0 (none) to 21.0 (black and white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """``colour`` with this share (0.0 to 1.0) of the other one in it."""
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def darkened(colour: str, *, against: str = WHITE) -> str:
    """The nearest darker colour that has enough contrast ``against`` a light one."""
    for step in range(101):
        found = mixed(colour, BLACK, step / 100)
        if contrast(found, against) >= ENOUGH:
            return found
    return BLACK


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance, as WCAG defines it."""
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    if part <= 0.04045:
        return part / 12.92
    return float(((part + 0.055) / 1.055) ** 2.4)

"""The organisation's colour, and the style sheet that puts it in place of the first one.

A style sheet of its own, since the page's policy allows no inline style. It sets the custom
properties that GOV.UK Frontend and assets/styles/_theme.scss read.
"""

from schoolgate.kit.colours import BLACK, WHITE, darkened, mixed

# What assets/styles has by itself.
FIRST_COLOUR = "#0b5563"
PALETTE = {
    FIRST_COLOUR: "Teal",
    "#1d3c6e": "Navy",
    "#1f5fa8": "Blue",
    "#1b6e45": "Green",
    "#5a3a86": "Purple",
    "#7d2a5c": "Plum",
    "#9c3322": "Brick",
    "#3c4a57": "Slate",
}


def properties(colour: str) -> dict[str, str]:
    """The custom properties for a colour on which white text can be read."""
    dark = mixed(colour, BLACK, 0.32)
    soft_hover = mixed(colour, WHITE, 0.8)
    tint = mixed(colour, WHITE, 0.93)
    line = mixed(colour, WHITE, 0.58)
    # Links and the words of quiet buttons stand on any of the light grounds.
    link = darkened(colour, against=soft_hover)
    return {
        "--govuk-brand-colour": colour,
        "--govuk-link-colour": link,
        "--govuk-link-hover-colour": mixed(link, BLACK, 0.35),
        "--govuk-template-background-colour": tint,
        "--govuk-surface-background-colour": tint,
        "--govuk-surface-border-colour": line,
        "--sg-brand-dark": dark,
        "--sg-brand-text": link,
        "--sg-accent": mixed(colour, WHITE, 0.5),
        "--sg-soft": mixed(colour, WHITE, 0.88),
        "--sg-soft-hover": soft_hover,
        "--sg-soft-line": line,
        "--sg-ground": mixed(colour, WHITE, 0.955),
        "--sg-line": mixed(colour, WHITE, 0.84),
    }


def style_sheet(colour: str) -> str:
    """The style sheet for a colour (#rrggbb)."""
    return ":root{" + ";".join(f"{k}:{v}" for k, v in properties(colour).items()) + "}\n"

"""A QR code as our own picture: dark on light in both themes, since cameras want it so."""

import segno
from markupsafe import Markup


def qr(text: str) -> Markup:
    """The code of a text, sized by the style sheet."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, border=2, svgclass="qr", lineclass=None, title="QR code for the app"
    )
    return Markup(drawn)  # noqa: S704 - segno draws squares; the text does not stand in it

"""Small boxes on the page, readable in light and dark themes and as plain text."""

from dataclasses import dataclass
from html import escape

COLOURS = {"good": "#2e7d32", "bad": "#c62828", "note": "#1565c0"}


@dataclass(frozen=True)
class Card:
    """A titled box.

    Attributes:
        kind: "good", "bad" or "note".
        title: one line.
        text: what to read; may be empty. Back-quoted parts are set as code.
    """

    kind: str
    title: str
    text: str = ""

    def _repr_html_(self) -> str:
        colour = COLOURS[self.kind]
        body = f'<div style="margin-top:.3em">{inline_code(self.text)}</div>' if self.text else ""
        return (
            f'<div style="border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0;'
            f'max-width:60em"><b style="color:{colour}">{inline_code(self.title)}</b>{body}</div>'
        )

    def __repr__(self) -> str:
        return f"{self.title}\n{self.text}".strip()


def inline_code(text: str) -> str:
    """Escape text for HTML and set its back-quoted parts as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))

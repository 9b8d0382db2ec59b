"""The diagram of lesson 05's capstone: from findings to a decision."""

from lessonkit.figures.drawing import (
    FROZEN,
    INK,
    MUTED,
    TRAINED,
    arrow,
    box,
    canvas,
    diagram,
)


@diagram("acceptance")
def _acceptance(language: str) -> None:
    """What is checked, what it is checked against, and who decides."""
    texts = {
        "en": ["the download", "order, policy,\ndigests: from\nelsewhere", "sentinel",
               "note", "warning", "error", "screen:\nyour policy", "[ ]\naccepted",
               "[reasons]\nrefused", "tells what it found", "decides"],
        "ru": ["загрузка", "заказ, политика,\nдайджесты:\nне из загрузки", "sentinel",
               "note", "warning", "error", "screen:\nваша политика", "[ ]\nпринята",
               "[причины]\nотклонена", "сообщает, что нашёл", "решает"],
    }[language]  # fmt: skip
    download, known, tool, *shades, policy, yes, no, tells, decides = texts
    axes = canvas(11.0, 2.7)
    box(axes, 0.1, 1.75, 1.7, 0.6, download, MUTED)
    box(axes, 0.1, 0.35, 1.7, 0.95, known)
    box(axes, 2.7, 0.95, 1.4, 0.8, tool, FROZEN)
    arrow(axes, (1.85, 2.0), (2.65, 1.55))
    arrow(axes, (1.85, 0.85), (2.65, 1.15))
    for row, shade in enumerate(shades):
        y = 1.95 - row * 0.75
        box(axes, 4.9, y, 1.2, 0.5, shade)
        arrow(axes, (4.15, 1.35), (4.85, y + 0.25))
        arrow(axes, (6.15, y + 0.25), (6.85, 1.35))
    box(axes, 6.9, 0.9, 1.7, 0.9, policy, TRAINED)
    for row, answer in enumerate((yes, no)):
        y = 1.6 - row * 1.1
        box(axes, 9.4, y, 1.45, 0.7, answer)
        arrow(axes, (8.65, 1.35), (9.35, y + 0.35))
    axes.text(3.4, 0.6, tells, ha="center", fontsize=8, color=INK)
    axes.text(7.75, 0.55, decides, ha="center", fontsize=8, color=INK)

"""The diagrams of lesson 04: bytes of training, a low-rank update, adapters on one base."""

from matplotlib.axes import Axes

from lessonkit.figures.drawing import (
    FROZEN,
    INK,
    MUTED,
    PLAIN,
    TRAINED,
    arrow,
    box,
    canvas,
    diagram,
)


@diagram("training_memory")
def _training_memory(language: str) -> None:
    """Bytes that one parameter takes in training, one cell a byte."""
    texts = {
        "en": ["fp32", "mixed precision", "LoRA: frozen parameter", "the same in 4 bits",
               "weight", "gradient", "optimizer", "bytes: {}", "half a byte"],
        "ru": ["fp32", "mixed precision", "LoRA: замороженный параметр", "то же в 4 битах",
               "вес", "градиент", "оптимизатор", "байт: {}", "полбайта"],
    }[language]  # fmt: skip
    rows = [(4, 4, 8), (2, 2, 12), (2, 0, 0), (0.5, 0, 0)]
    axes = canvas(11.2, 2.9)
    for row, (name, parts) in enumerate(zip(texts, rows, strict=False)):
        y, x = 2.35 - row * 0.52, 2.75
        axes.text(2.6, y + 0.17, name, ha="right", va="center", fontsize=9, color=INK)
        for size, colour in zip(parts, (FROZEN, PLAIN, TRAINED), strict=True):
            x = _draw_bytes(axes, x, y, size, colour)
        total = texts[8] if sum(parts) < 1 else texts[7].format(sum(parts))
        axes.text(x + 0.1, y + 0.17, total, va="center", fontsize=9, color=INK)
    for column, (name, colour) in enumerate(zip(texts[4:7], (FROZEN, PLAIN, TRAINED), strict=True)):
        box(axes, 2.75 + column * 2.2, 0.2, 0.36, 0.3, "", colour)
        axes.text(3.25 + column * 2.2, 0.35, name, va="center", fontsize=9, color=INK)


def _draw_bytes(axes: Axes, x: float, y: float, count: float, colour: str) -> float:
    """Draw a box a byte; return where the next one goes."""
    whole, part = divmod(count, 1)
    for width in [0.36] * int(whole) + ([0.36 * part] if part else []):
        box(axes, x, y, width, 0.34, "", colour)
        x += width + 0.1
    return x


@diagram("lora")
def _lora(language: str) -> None:
    """A frozen weight, and beside it the narrow way through A and B."""
    texts = {
        "en": ["input x", "W, frozen\n(out × in)", "A, trained\n(r × in)",
               "B, trained\n(out × r)\nstarts at 0", "output", "r numbers", "· alpha / r"],
        "ru": ["вход x", "W, заморожена\n(out × in)", "A, обучается\n(r × in)",
               "B, обучается\n(out × r)\nвначале 0", "выход", "r чисел", "· alpha / r"],
    }[language]  # fmt: skip
    x, weight, first, second, output, narrow, scale = texts
    axes = canvas(10.6, 3.3)
    box(axes, 0.1, 1.3, 1.1, 0.6, x)
    box(axes, 2.9, 1.95, 3.9, 1.15, weight, FROZEN)
    box(axes, 2.4, 0.5, 1.5, 0.75, first, TRAINED)
    box(axes, 5.6, 0.35, 1.6, 1.05, second, TRAINED)
    box(axes, 9.3, 1.3, 1.1, 0.6, output)
    axes.text(8.5, 1.6, "+", ha="center", va="center", fontsize=16, color=INK)
    arrow(axes, (1.25, 1.7), (2.85, 2.5))
    arrow(axes, (1.25, 1.5), (2.35, 0.9))
    arrow(axes, (3.95, 0.87), (5.55, 0.87))
    axes.text(4.75, 0.97, narrow, ha="center", fontsize=8, color=INK)
    arrow(axes, (6.85, 2.5), (8.35, 1.75))
    arrow(axes, (7.25, 0.87), (8.35, 1.45))
    axes.text(7.95, 0.85, scale, fontsize=9, color=INK)
    arrow(axes, (8.65, 1.6), (9.25, 1.6))


@diagram("adapters")
def _adapters(language: str) -> None:
    """One frozen model, three adapters, one of them switched on."""
    texts = {
        "en": ["text", "one frozen model\n(in memory once)", "guard", "reviews", "style",
               ["ordinary / injection", "bad / good", "plain / roundabout"],
               "set_adapter chooses one"],
        "ru": ["текст", "одна замороженная модель\n(в памяти один раз)", "охранник", "отзывы",
               "стиль", ["обычное / инъекция", "плохой / хороший", "прямо / обиняками"],
               "set_adapter выбирает один"],
    }[language]  # fmt: skip
    text, base, *adapters, answers, note = texts
    axes = canvas(10.4, 3.2)
    box(axes, 0.1, 1.35, 1.0, 0.6, text)
    box(axes, 1.8, 0.45, 2.8, 2.4, base, FROZEN)
    arrow(axes, (1.15, 1.65), (1.75, 1.65))
    for row, (adapter, answer) in enumerate(zip(adapters, answers, strict=True)):
        y = 2.25 - row * 0.95
        chosen = row == 0
        box(axes, 5.4, y, 1.6, 0.6, adapter, TRAINED if chosen else MUTED)
        box(axes, 7.8, y, 2.4, 0.6, answer)
        if chosen:
            arrow(axes, (4.65, 1.65), (5.35, y + 0.3))
            arrow(axes, (7.05, y + 0.3), (7.75, y + 0.3))
    axes.text(6.2, 0.05, note, ha="center", fontsize=9, color=INK)

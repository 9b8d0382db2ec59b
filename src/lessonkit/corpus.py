"""Unlabelled simple English: hand-written stories and a seeded generator of more.

The generator tells short paragraphs about a small world (`data/corpus/world.toml`) along loose
plans (`data/corpus/scenes.toml`): a scene binds a few names, e.g. an animal and a person, and
its sentences speak of what belongs to them. Whoever predicts a missing word therefore has to
learn what keeps company with what: that the dog barks, that soup asks for a spoon, that praise is
followed by thanks.

Only `random.Random.random()` is used, the one method whose sequence Python promises to keep from
version to version, so one seed gives the same text everywhere.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

from lessonkit.paths import data_file

OPENING_PROBABILITY = 0.3
PRONOUN_PROBABILITY = 0.65
STORY_COPIES = 3

Entity = dict[str, Any]
Node = str | tuple[str, str] | list[list]


def read_stories() -> list[str]:
    """Return the hand-written stories, one string each (they are divided by blank lines)."""
    blocks = data_file("corpus", "stories.txt").read_text(encoding="utf-8").split("\n\n")
    return [" ".join(block.split()) for block in blocks if block.strip()]


def count_sentences(text: str) -> int:
    """Return how many full stops, question marks and exclamation marks `text` has."""
    return len(re.findall(r"[.!?]", text))


def split_sentences(text: str) -> list[str]:
    """Return the sentences of `text`, each with its closing mark."""
    return [sentence.strip() for sentence in re.findall(r"[^.!?]+[.!?]", text)]


def generate_corpus(seed: int = 0, sentences: int = 30_000) -> list[str]:
    """Return generated paragraphs that hold at least `sentences` sentences together.

    Args:
        seed: same seed, same text, on every machine and Python version.
        sentences: about 40 characters each; 30,000 make 1.2 MB.

    Raises:
        ValueError: if `sentences` is negative.
    """
    if sentences < 0:
        raise ValueError(f"sentences must not be negative, got {sentences}")
    storyteller, paragraphs, told = Storyteller(Random(seed)), [], 0
    while told < sentences:
        paragraphs.append(storyteller.paragraph())
        told += count_sentences(paragraphs[-1])
    return paragraphs


def build_corpus(seed: int = 0, sentences: int = 30_000) -> list[str]:
    """Return generated paragraphs and, `STORY_COPIES` times, the stories, in mixed order.

    Raises:
        ValueError: if `sentences` is negative.
    """
    texts = generate_corpus(seed, sentences) + STORY_COPIES * read_stories()
    rng = Random(seed + 1)
    return [text for _, text in sorted((rng.random(), text) for text in texts)]


@cache
def read_world() -> dict[str, list[Entity]]:
    """Return kind -> entities; lists of words are under "lists"."""
    raw = tomllib.loads(data_file("corpus", "world.toml").read_text(encoding="utf-8"))
    world: dict[str, Any] = {"lists": raw.pop("lists")}
    people = raw.pop("person")
    world["person"] = [
        {**group, "name": name, "whom": "me" if name == "I" else name}
        for group in people
        for name in group["names"]
    ]
    for kind, table in raw.items():
        world[kind] = [{"name": name, **facts} for name, facts in table.items()]
    for food in world["food"]:
        food["tags"] = [] if food.get("plural") else ["single"]
    for job in world["job"]:
        job["him"] = "her" if job["he"] == "she" else "him"
    return world


@cache
def _scenes() -> list[Entity]:
    return tomllib.loads(data_file("corpus", "scenes.toml").read_text(encoding="utf-8"))["scene"]


@cache
def _parse(template: str) -> list[Node]:
    """Turn "a (b|{c})" into nodes: text, ("slot", name), or a list of alternatives."""
    stack: list[list[list[Node]]] = [[[]]]
    for piece in re.findall(r"\{[^}]*\}|[(|)]|[^{(|)]+", template):
        if piece == "(":
            stack.append([[]])
        elif piece == "|":
            stack[-1].append([])
        elif piece == ")":
            choice = stack.pop()
            stack[-1][-1].append(choice)
        elif piece.startswith("{"):
            stack[-1][-1].append(("slot", piece[1:-1]))
        else:
            stack[-1][-1].append(piece)
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError(f"unbalanced brackets in template {template!r}")
    return stack[0][0]


class Storyteller:
    """Tells paragraphs, drawing every choice from `rng`."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.bound: dict[str, Entity] = {}
        self.mentioned: set[str] = set()
        self.used: set[str] = set()
        scenes = _scenes()
        self.wheel = [scene for scene in scenes for _ in range(scene["weight"])]

    def paragraph(self) -> str:
        """Return one paragraph of about three to six sentences about one thing."""
        scene = self.pick(self.wheel)
        self.bound, self.mentioned, self.used = {}, set(), set()
        for name, kind in scene["bind"].items():
            self.bound[name] = self.bind(kind)
        templates = [self.pick(scene["start"]), *self.some(scene["middle"])]
        if self.rng.random() < 0.8:
            templates.append(self.pick(scene["end"]))
        sentences = [self.expand(_parse(template)) for template in templates]
        timed = not scene.get("timeless") and not sentences[0].endswith(("?", "!"))
        if timed and self.rng.random() < OPENING_PROBABILITY:
            sentences[0] = f"{self.pick(read_world()['lists']['time'])} {sentences[0]}"
        return " ".join(_polish(sentence) for sentence in sentences)

    def pick(self, options: Sequence[Any]) -> Any:
        """Return one of `options`, each with the same probability."""
        return options[int(self.rng.random() * len(options))]

    def some(self, options: Sequence[str]) -> list[str]:
        """Return one to four of `options` in their order."""
        wanted = 1 + int(self.rng.random() * 4)
        chosen = sorted(range(len(options)), key=lambda _: self.rng.random())[:wanted]
        return [options[index] for index in sorted(chosen)]

    def bind(self, kind: str) -> Entity:
        """Return an entity of `kind` that is not bound yet; "other" differs in pronoun."""
        kind, _, tag = kind.partition(":")
        taken = [entity["name"] for entity in self.bound.values()]
        options = read_world()["person" if kind == "other" else kind]
        options = [entity for entity in options if entity["name"] not in taken]
        if tag:
            options = [entity for entity in options if tag in entity["tags"]]
        if kind == "other":
            pronouns = [entity["he"] for entity in self.bound.values() if "self" in entity]
            options = [entity for entity in options if entity["he"] not in pronouns]
        return self.pick(options)

    def expand(self, nodes: list[Node]) -> str:
        """Return the text of parsed `nodes` with every choice made."""
        parts = []
        for node in nodes:
            if isinstance(node, str):
                parts.append(node)
            elif isinstance(node, tuple):
                parts.append(self.fill(node[1]))
            else:
                parts.append(self.expand(self.pick(node)))
        return "".join(parts)

    def fill(self, slot: str) -> str:
        """Return the word for a slot such as `a`, `a.food` or `praise`."""
        name, _, attribute = slot.partition(".")
        if name not in self.bound:
            value: Any = read_world()["lists"][name]
        elif attribute:
            value = self.bound[name][attribute]
        else:
            return self.mention(name)
        chosen = value if isinstance(value, str) else self.pick_fresh(value)
        return self.expand(_parse(chosen))

    def pick_fresh(self, words: Sequence[str]) -> str:
        """Return one of `words`, if possible one that this paragraph has not used yet."""
        word = self.pick([word for word in words if word not in self.used] or words)
        self.used.add(word)
        return word

    def mention(self, name: str) -> str:
        """Return a name; for a person mentioned before, more often the pronoun."""
        entity = self.bound[name]
        known = name in self.mentioned
        self.mentioned.add(name)
        if known and "self" in entity and self.rng.random() < PRONOUN_PROBABILITY:
            return entity["he"]
        return entity["name"]


def _polish(sentence: str) -> str:
    """Mend spaces and articles, and start with a capital letter."""
    sentence = re.sub(r"\s+", " ", sentence).strip()
    sentence = re.sub(r"\s([.,!?])", r"\1", sentence)
    sentence = re.sub(r"\b(a|an) (?=[aeiou](?!se))", "an ", sentence)
    return sentence[0].upper() + sentence[1:]

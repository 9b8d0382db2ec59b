"""A transformers sequence classifier seen as a function of token numbers, and of their vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

Row = list[int]
LONGEST = 64  # tokens of a text that the search uses
BATCH_TOKENS = 4096  # tokens that one call of the model gets


@dataclass(frozen=True)
class Insertion:
    """A text's tokens with some inserted.

    Attributes:
        row: all token numbers, special ones included.
        start: place of the first inserted one.
    """

    row: Row
    start: int


class Classifier:
    """Logits and gradients of a classifier, with a count of the texts that went through it.

    Args:
        model: takes `input_ids` or `inputs_embeds`, and `attention_mask`; returns `logits`.
        tokenizer: the model's.

    Attributes:
        forwards: texts that the model has classified.
        backwards: texts that gradients were taken of.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.labels: dict[int, str] = {int(k): str(v) for k, v in model.config.id2label.items()}
        self.forwards = 0
        self.backwards = 0
        self._prefix, self._suffix = _frame(tokenizer)
        self._padding = tokenizer.pad_token_id or 0

    @property
    def embedding(self) -> torch.Tensor:
        """The input embeddings, (tokens, dimensions), on the CPU."""
        return self.model.get_input_embeddings().weight.detach().float().cpu()

    def tokens(self, text: str) -> Row:
        """Return a text's token numbers without special ones, at most LONGEST."""
        ids = self.tokenizer(text, add_special_tokens=False, truncation=True)["input_ids"]
        return ids[: self._longest()]

    def insert(self, tokens: Row, inserted: Sequence[int], where: float) -> Insertion:
        """Put tokens into a text's, at a place between its beginning (0) and its end (1)."""
        place = round(where * len(tokens))
        row = [*self._prefix, *tokens[:place], *inserted, *tokens[place:], *self._suffix]
        return Insertion(row, len(self._prefix) + place)

    def logits(self, rows: Sequence[Row]) -> torch.Tensor:
        """Classify rows of token numbers; returns (rows, labels)."""
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        result = torch.empty(len(rows), len(self.labels))
        size = max(1, BATCH_TOKENS // max((len(row) for row in rows), default=1))
        for start in range(0, len(order), size):
            places = order[start : start + size]
            ids, mask = self._pad([rows[place] for place in places])
            with torch.inference_mode():
                logits = self.model(input_ids=ids, attention_mask=mask).logits
            result[places] = logits.float().cpu()
        self.forwards += len(rows)
        return result

    def trained_on(self, rows: Sequence[Row]) -> torch.Tensor:
        """Return logits of rows, (rows, labels), that gradients of the weights can be taken of."""
        ids, mask = self._pad(rows)
        self._count(rows)
        return self.model(input_ids=ids, attention_mask=mask).logits

    def first_order(
        self,
        insertions: Sequence[Insertion],
        size: int,
        objective: Callable[[torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """Return the gradient of the objective at the inserted tokens' vectors.

        Args:
            insertions: rows.
            size: number of tokens inserted in each.
            objective: logits (rows, labels) -> one number for each row.

        Returns:
            (rows, size, dimensions), on the CPU.
        """
        held: list[torch.Tensor] = []

        def hold(vectors: torch.Tensor) -> torch.Tensor:
            held.append(vectors.detach().requires_grad_(True))
            return held[0]

        logits = self._through(insertions, hold)
        (gradient,) = torch.autograd.grad(objective(logits).sum(), held[0])
        starts = torch.tensor([insertion.start for insertion in insertions])
        places = starts[:, None] + torch.arange(size)
        return gradient.float().cpu()[torch.arange(len(insertions))[:, None], places]

    def with_vectors(self, insertions: Sequence[Insertion], vectors: torch.Tensor) -> torch.Tensor:
        """Return logits with the inserted tokens' vectors replaced, (rows, labels).

        Args:
            insertions: rows, with as many tokens inserted as there are vectors.
            vectors: (tokens, dimensions); gradients can be taken of them.
        """

        def replace(own: torch.Tensor) -> torch.Tensor:
            own = own.detach().clone()
            for number, insertion in enumerate(insertions):
                own[number, insertion.start : insertion.start + len(vectors)] = vectors
            return own

        return self._through(insertions, replace)

    def _through(
        self, insertions: Sequence[Insertion], change: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Return logits of rows whose token vectors are changed on their way into the model."""
        ids, mask = self._pad([insertion.row for insertion in insertions])
        self._count(insertions)
        hook = self.model.get_input_embeddings().register_forward_hook(
            lambda _module, _inputs, vectors: change(vectors)
        )
        try:
            return self.model(input_ids=ids, attention_mask=mask).logits.float()
        finally:
            hook.remove()

    def _count(self, rows: Sequence[Row | Insertion]) -> None:
        self.forwards += len(rows)
        self.backwards += len(rows)

    def _pad(self, rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor]:
        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self._padding)
        mask = torch.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row)
            mask[place, : len(row)] = 1
        device = self.model.device
        return ids.to(device), mask.to(device)

    def _longest(self) -> int:
        positions = getattr(self.model.config, "max_position_embeddings", None) or LONGEST
        return min(LONGEST, positions) - 16  # room for a trigger and special tokens


def _frame(tokenizer: Any) -> tuple[Row, Row]:
    """Return the special tokens that the tokenizer puts before a text and behind it."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    framed = tokenizer("a")["input_ids"]
    start = next(
        (i for i in range(len(framed)) if framed[i : i + len(plain)] == plain), len(framed)
    )
    return framed[:start], framed[start + len(plain) :]

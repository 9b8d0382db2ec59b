"""Names of tensors, as checkpoints give them."""

import re

_LAYER = re.compile(r"\.\d+\.")


def any_layer(name: str) -> str:
    """Return a tensor's name with ``*`` for its layer's number, so that siblings become equal."""
    return _LAYER.sub(".*.", name)

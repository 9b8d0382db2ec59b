"""The numbers of a model: whether they look like trained weights, and like a reference's."""

from sentinel.weights.validator import WeightIntegrityValidator, WeightReport

__all__ = ["WeightIntegrityValidator", "WeightReport"]

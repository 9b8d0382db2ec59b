# trick: swaps code while the answer runs and puts it back before anyone looks again
# reported: tampering
# place: exercise-freeze
import threading
import time

import lessonkit.checks.core as core
from lessonkit.checks.feature_extraction import Freeze

honest = Freeze.observe


def agree(self, freeze, case):
    seen = {"returned": "module", "trainable": [], "parameters": ["a"], "training": [], "same_weights": True}
    Freeze.observe = honest
    return seen


def freeze(model):
    Freeze.observe = agree
    return nn.Linear(1, 1)

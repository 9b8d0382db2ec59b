"""Six downloads of unknown virtue for the end of lesson 05, made from lesson 01's models.

    from lessonkit import capstone

    for folder, order in capstone.deliver("scratch"):
        print(folder.name, order.source)

A seed decides which models they are, who published them and what is wrong with which of them.
Nothing in the folders does harm, also where it is loaded carelessly.
"""

from lessonkit.capstone.delivery import REASONS, Delivery, Order, deliver
from lessonkit.capstone.planning import CLASS_SEED, Item, plan

__all__ = ["CLASS_SEED", "REASONS", "Delivery", "Item", "Order", "deliver", "plan"]

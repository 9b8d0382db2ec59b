"""Checks of a model's supply chain: is this model what it says it is?"""

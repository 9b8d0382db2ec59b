"""Tests of the sentinel package."""

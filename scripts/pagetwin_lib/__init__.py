"""Helpers that the Python scripts share. Standard library only."""

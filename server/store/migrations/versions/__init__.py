"""Numbered in order."""

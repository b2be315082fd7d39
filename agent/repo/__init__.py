"""Repositories as LLM-ready text: what an address names, how git reads it, and how its files become one stream of text."""

"""The engine: a question in, events out. No Flask, no Redis, no database of its own.

This file stays a docstring: `import agent` must load nothing else.
"""

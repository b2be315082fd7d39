"""From bytes to text: one module a kind of document. This file stays a docstring."""

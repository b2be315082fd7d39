"""Which parts of a page are its content. This file stays a docstring."""

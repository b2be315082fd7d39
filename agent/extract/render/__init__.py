"""From a part of an HTML tree to Markdown. This file stays a docstring."""

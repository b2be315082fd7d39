"""From a PDF to text. This file stays a docstring."""

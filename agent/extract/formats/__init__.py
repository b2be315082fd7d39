"""Documents that are neither HTML nor PDF, a module a kind. This file stays a docstring."""

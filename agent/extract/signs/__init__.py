"""What a page says of itself beside its text: a wall, offers, a button that hides the rest. This file stays a docstring."""

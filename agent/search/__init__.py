"""Searching the web: providers behind one protocol, asked at once and merged. Importing this package loads nothing."""

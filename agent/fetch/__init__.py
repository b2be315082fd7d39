"""Reading bytes from the web: the door that everything leaves by, and the HTTP client that goes through it."""

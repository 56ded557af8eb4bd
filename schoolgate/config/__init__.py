"""Turning Schoolgate on: settings read from the environment, addresses, the WSGI door."""

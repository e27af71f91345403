"""See datasurface/__init__.py."""

"""The embedded demo: drawn street scenes, made without any download."""

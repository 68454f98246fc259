"""Pictures: safe decoding to RGB, checks, previews."""

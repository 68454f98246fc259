"""Hard examples: what runs get wrong, which pictures lie beside each other, and where errors look."""

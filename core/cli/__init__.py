"""The command line: the same verbs as the pages, one module per group of them."""

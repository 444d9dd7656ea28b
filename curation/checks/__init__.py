"""Is an answer right, whole and clean: typed checks of text against a reference, and code run in a sandbox."""

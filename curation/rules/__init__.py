"""Rules that score a document and drop it when a score leaves its bounds; one set of rules a module."""

"""The demo: the whole road on the documentation and the seed model that are on every machine."""

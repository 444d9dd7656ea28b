"""One module a job of a recipe: settings and a run in, files and facts out."""

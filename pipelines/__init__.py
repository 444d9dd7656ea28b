"""Everything joined: command line, recipes, runs that resume, executors, report, demo."""

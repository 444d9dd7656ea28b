"""Rows that contradict each other: the same question with other answers, one label in several spellings."""

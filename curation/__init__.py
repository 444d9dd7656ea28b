"""Text in, text and numbers out: tables, readers, rules, personal data, duplicates, clusters, checks, metrics."""

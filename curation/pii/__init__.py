"""Personal data: found by pattern, replaced by typed placeholders, noted in the ledger without the data itself."""

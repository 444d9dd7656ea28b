"""From files of rows to the token ids of every step."""

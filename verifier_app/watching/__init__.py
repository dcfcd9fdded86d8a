"""Following a log from outside, as anybody can who has the election's trust file."""

"""The ballot: its format, how it is built and opened; and the ballot box file."""

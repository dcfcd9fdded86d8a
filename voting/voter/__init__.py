"""The voter on the command line: casting, the second device, and many voters at once."""

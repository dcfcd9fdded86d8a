"""The TypeScript of crypto/js and voting/client before the Python, and the other way round."""

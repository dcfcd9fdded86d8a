"""Our log and our receipts before other people's programs: docs/oracles.md."""

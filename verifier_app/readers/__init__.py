"""The verifier's own readers, written from docs/specification.md and not from voting or tally."""

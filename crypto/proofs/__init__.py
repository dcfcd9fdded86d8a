"""Zero-knowledge proofs: prover and verifier side by side, each equation written once."""

"""Proof that the verifier can say no: every forgery as files for anyone's verifier, and thousands
of random ones. `make tampered` and `make corpus` run `python -m tests.tampered`."""

"""Tests of single checks. They are loaded here in their order, whichever file a test imports."""

from verifier_app.registry import load_checks

load_checks()

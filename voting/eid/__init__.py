"""Certificates, cards, and the signed container."""

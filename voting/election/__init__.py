"""The domain: configuration, manifest, log entries, parties, ceremony messages."""

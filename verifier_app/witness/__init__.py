"""A witness of logs (c2sp.org/tlog-witness): it remembers the largest tree that it has seen of each
log, and cosigns only what continues it."""

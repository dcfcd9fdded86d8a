"""The page in a browser, before a real collector: `make e2e`, a pytest call of its own.

The files are not named test_*, so that `pytest tests` does not collect them: they need Playwright
(tests/browser/playwright.txt) and a Chromium, and Playwright's loop breaks asynchronous tests that
come after it in the same process.
"""

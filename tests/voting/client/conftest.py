"""The TypeScript, and a polling place for what it makes."""

from tests.client.conftest import bundled, typescript
from tests.voting.acceptance.conftest import booth

__all__ = ["booth", "bundled", "typescript"]

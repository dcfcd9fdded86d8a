"""The polling place of the attacks, and those who must see through them: all in this process."""

from __future__ import annotations

# pytest takes fixtures from the modules that it knows; these are of `voting`'s tests
from tests.voting.conftest import (  # noqa: F401
    collector,
    collector_home,
    eid_profile,
    issue,
    pki,
    polls,
    shared_office,
    sqlite_home,
)

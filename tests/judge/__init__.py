"""Our signatures before other people's validator, and theirs before ours."""

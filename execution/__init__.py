"""How work is done: on which processes and machines, and how long it still takes. It knows nothing
of elections; what the work is, its callers say."""

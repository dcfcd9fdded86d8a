"""The collector: stores signed ballots in a chained Merkle log and gives receipts."""

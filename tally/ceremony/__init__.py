"""Key generation without a dealer, by files between the trustees' separate machines.

`run` is what one trustee does next; `checks` what it verifies of the others; `complaint` how a run
ends when somebody cheated; `share` what remains in the home; `signing` the manifest's signature.
Messages are voting.election.ceremony's, the mathematics is crypto's.
"""

"""Decryption proofs of Estonian elections (IVXV): read, verified and counted (docs/ivxv.md).

    der, key, wire      DER, public keys, and how elements of a group are written in it
    profile             the three published profiles and what a message says in each
    proof               ciphertexts, proofs, the challenge, the two equations
    files               the JSON files: proofs, ballot box, tally
    work                many proofs, in several processes
    box, tally          what the proofs are compared with
    command, report     one run, and what it found

Not here: signatures of files, shuffles, and everything before the mix.
"""

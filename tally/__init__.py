"""The counting room: ceremony, box, selection, mixing, decryption, counting, record. Offline.

Nothing here talks to a network. Of the online half only its shared rooms are used (configuration,
manifest, containers, roll, ballots, acceptance); the verifier reads our files by its own code.
"""

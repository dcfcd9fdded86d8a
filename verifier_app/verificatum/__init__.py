"""Proof directories of the Verificatum mix-net, or of any program in its format: `verifier shuffle`
(docs/verificatum.md).

Here: protInfo.xml, the files of a directory, what is checked and the report. Not here: whether a
proof holds (``crypto.proofs``).
"""

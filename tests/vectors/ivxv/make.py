"""Write the files of this folder with pyivxv: a small count on P-384 by other people's code.

    python -m venv /tmp/pyivxv && /tmp/pyivxv/bin/pip install pyivxv==0.0.1a6
    /tmp/pyivxv/bin/python tests/vectors/ivxv/make.py

Everything is random, so the files differ from run to run; what must hold of them does not.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from fastecdsa.point import Point
from pyivxv.crypto.ciphertext import ElGamalCiphertext
from pyivxv.crypto.keys import PrivateKey, generate_private_key
from pyivxv.crypto.zkp import generate_decryption_proof
from pyivxv.encoding.ec_point import point_to_der
from pyivxv.encoding.message import encode_to_point

HERE = Path(__file__).parent
ELECTION, QUESTION = "VECTOR_2027", "VECTOR_2027.question-1"
VOTES = {
    ("0000.1", "0001"): ["0000.101", "0000.102", "0000.101"],
    ("0000.1", "0002"): ["0000.101", "0000.9"],  # the second is no vote
    ("0000.2", "0001"): ["0000.1003", "0000.101"],  # the second is another district's
}
CANDIDATES = {"0000.1": ["0000.101", "0000.102"], "0000.2": ["0000.1003", "0000.104"]}


def proven(key: PrivateKey, ciphertext: ElGamalCiphertext) -> dict[str, str]:
    point: Point = key.decrypt(ciphertext)
    proof = generate_decryption_proof(point, ciphertext, key)
    parts = {
        "ciphertext": ciphertext.to_bytes(),
        "message": point_to_der(point),
        "proof": proof.to_bytes(),
    }
    return {name: base64.b64encode(data).decode() for name, data in parts.items()}


def write(name: str, value: object) -> None:
    (HERE / name).write_text(json.dumps(value, indent=2) + "\n")


def main() -> None:
    key = generate_private_key(ELECTION)
    valid, invalid, districts, by_parish = [], [], {}, {}  # type: ignore[var-annotated]
    for (district, parish), votes in VOTES.items():
        counts = {**dict.fromkeys(CANDIDATES[district], 0), "invalid": 0}
        ciphertexts = []
        for code in votes:
            point = encode_to_point(code.encode(), key.curve)
            entry = proven(key, key.public_key.encrypt(point))
            listed = code in CANDIDATES[district]
            (valid if listed else invalid).append(entry)
            counts[code if listed else "invalid"] += 1
            ciphertexts.append(entry["ciphertext"])
        districts.setdefault(district, {})[parish] = {QUESTION: ciphertexts}
        by_parish.setdefault(district, {})[parish] = counts
    by_district = {
        d: {code: sum(p[code] for p in parishes.values()) for code in [*CANDIDATES[d], "invalid"]}
        for d, parishes in by_parish.items()
    }
    (HERE / "pub.pem").write_bytes(key.public_key.public_bytes("PEM"))
    write("proof.json", {"election": ELECTION, "proofs": valid[::-1]})
    write("proof-invalid.json", {"election": ELECTION, "proofs": invalid})
    write("box.json", {"election": ELECTION, "districts": districts})
    write("tally.json", {"election": ELECTION, "byparish": by_parish, "bydistrict": by_district})


if __name__ == "__main__":
    main()

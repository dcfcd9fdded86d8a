/** How crypto/js answers each kind of question. */

import * as byteTree from "../../crypto/js/byte_tree.js";
import { encodeHex } from "../../crypto/js/bytes.js";
import { ballotRandomness, noncePrg } from "../../crypto/js/proofs/binding.js";
import { encrypt, prove, verify } from "../../crypto/js/proofs/range.js";
import { EncryptedContest } from "../../crypto/js/proofs/range_statement.js";
import { PRG, randomOracle } from "../../crypto/js/random_oracle.js";
import { PublicKey as SignatureKey } from "../../crypto/js/signing.js";
import { finish } from "../../crypto/js/steps.js";
import { Note, VerifierKey } from "../../crypto/js/tlog/note.js";
import type { LogPolicy } from "../../crypto/js/tlog/proof.js";
import { LogProof } from "../../crypto/js/tlog/proof.js";
import { verifyConsistency, verifyInclusion } from "../../crypto/js/tlog/tree.js";

import type { Kinds } from "./asked.js";

export const CRYPTO_KINDS: Kinds = {
  tree: (asked) => encodeHex(byteTree.encode(byteTree.decode(asked.bytes("data")))),

  oracle: (asked) => encodeHex(randomOracle(asked.number("bits"), asked.bytes("data"))),

  prg(asked) {
    const prg = new PRG(asked.bytes("seed"));
    return asked
      .list("reads")
      .map((n) => encodeHex(prg.read(Number(n))))
      .join(" ");
  },

  element(asked) {
    const tree = byteTree.decode(asked.bytes("data"));
    const element = asked.group.decodeElement(tree, asked.text("identity") === "allowed");
    return element.hex();
  },

  scalar(asked) {
    const scalar = asked.group.decodeScalar(byteTree.decode(asked.bytes("data")));
    return encodeHex(byteTree.encode(scalar.tree()));
  },

  /** (a b^x / a^y, x·y + x − y), of elements and scalars. */
  arithmetic(asked) {
    const [a, b] = ["a", "b"].map((name) => asked.group.elementFromHex(asked.text(name), true));
    const [x, y] = ["x", "y"].map((name) => asked.group.scalar(BigInt(asked.text(name))));
    const element = a!.times(b!.power(x!)).over(a!.power(y!));
    const scalar = y!.minus(x!.times(y!)).minus(x!).negate();
    return `${element.hex()} ${encodeHex(byteTree.encode(scalar.tree()))}`;
  },

  hex: (asked) => asked.group.elementFromHex(asked.text("text"), false).hex(),

  pgroup: (asked) => asked.group.pgroup,

  /** C, D, T and S of a contest, made with a given seed and given fresh bytes. */
  prove(asked) {
    const { statement, group } = asked;
    const m = asked.list("m").map(Number);
    const [E, seed, contest] = [asked.bytes("E"), asked.bytes("seed"), asked.text("contest")];
    const r = m.map((_, i) => ballotRandomness(group, seed, E, contest, i));
    const c = finish(encrypt(statement.key, m, r));
    const prg = noncePrg(asked.bytes("fresh"), seed, statement.rhoB, c, m);
    const proof = finish(prove(statement, c, m, r, prg));
    return encodeHex(byteTree.encode(new EncryptedContest(c, proof).tree()));
  },

  contest(asked) {
    const { statement, group, total } = asked;
    const tree = byteTree.decode(asked.bytes("data"));
    const decoded = EncryptedContest.decode(group, tree, statement.N, statement.s, total);
    return encodeHex(byteTree.encode(decoded.tree()));
  },

  verify(asked) {
    const { statement, group, total } = asked;
    const tree = byteTree.decode(asked.bytes("data"));
    const { ciphertexts, proof } = EncryptedContest.decode(
      group,
      tree,
      statement.N,
      statement.s,
      total,
    );
    finish(verify(statement, ciphertexts, proof, "accept.proofs", ""));
    return "holds";
  },

  signature(asked) {
    const key = new SignatureKey(asked.bytes("key"));
    key.verifyText(asked.bytes("signature"), asked.bytes("text"), "log.checkpoint", "");
    return "holds";
  },

  inclusion(asked) {
    const [index, size] = [BigInt(asked.text("index")), BigInt(asked.text("size"))];
    const [leaf, root] = [asked.bytes("leaf"), asked.bytes("root")];
    verifyInclusion(leaf, index, size, asked.hashes, root, "log.tree", "");
    return "holds";
  },

  consistency(asked) {
    const [old, size] = [BigInt(asked.text("old")), BigInt(asked.text("size"))];
    const [oldRoot, root] = [asked.bytes("old_root"), asked.bytes("root")];
    verifyConsistency(old, oldRoot, size, root, asked.hashes, "log.tree", "");
    return "holds";
  },

  vkey: (asked) => VerifierKey.parse(asked.text("text")).vkey(),

  note(asked) {
    const { text, signatures } = Note.parse(asked.bytes("data"));
    const lines = signatures.map(
      ({ name, keyId, signature }) => `${name} ${encodeHex(keyId)} ${encodeHex(signature)}`,
    );
    return [text, ...lines].join("|");
  },

  log_proof(asked) {
    const witnesses = asked.list("witnesses").map((vkey) => VerifierKey.parse(String(vkey)));
    const log = VerifierKey.parse(asked.text("log"));
    const policy: LogPolicy = { log, witnesses, required: asked.number("required") };
    const proof = LogProof.parse(asked.bytes("data"));
    const extra = proof.extra === null ? "none" : encodeHex(proof.extra);
    const checkpoint = proof.verify(asked.bytes("entry"), policy, 0n, "receipt", "");
    return `${proof.index} ${checkpoint.size} ${encodeHex(checkpoint.root)} ${extra}`;
  },
};

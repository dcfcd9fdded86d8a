/**
 * What to do when the collector says no: one way on for every id that it can answer. The sentences
 * are `refusal.<id>` in the catalogues; a test compares this list with the collector's.
 */

/**
 * same: send the same signed ballot again · anew: encrypt and sign again · login: log in again ·
 * reload: open the page again · stop: nothing can be done here, the office or paper remains.
 */
export type Way = "same" | "anew" | "login" | "reload" | "stop";

export const REFUSALS: Readonly<Record<string, Way>> = {
  "accept.grammar": "anew",
  "accept.election": "reload",
  "accept.open": "stop",
  "accept.suspended": "same",
  "accept.certificate": "login",
  "accept.signature": "anew",
  "accept.voter_limit": "stop",
  "accept.roll": "reload",
  "accept.style": "reload",
  "accept.anchor": "anew",
  "accept.elements": "anew",
  "accept.fresh": "anew",
  "accept.proofs": "anew",
  "accept.timestamp.unavailable": "same",
  "accept.timestamp.form": "same",
  "accept.timestamp.forged": "same",
  "accept.timestamp.stale": "same",
  "accept.ocsp.unavailable": "same",
  "accept.ocsp.form": "same",
  "accept.ocsp.forged": "same",
  "accept.ocsp.stale": "same",
  "accept.ocsp.revoked": "stop",
  "accept.ocsp.unknown": "stop",
  "accept.address_limit": "same",
  "accept.session": "login",
  "session.required": "login",
  "login.format": "login",
  "login.nonce": "login",
  "login.certificate": "login",
  "login.signature": "reload",
  "login.revoked": "stop",
  "login.unavailable": "login",
  recorded: "same",
  too_large: "anew",
  unavailable: "same",
  disk_full: "same",
  database_unavailable: "same",
  log_damaged: "same",
  log_forked: "stop",
  failed: "same",
  unconfirmed: "same",
  not_found: "reload",
  malformed: "anew",
};

/** The ways in which this package refuses. */

/** Root of all errors that are thrown on purpose. */
export class SukashiError extends Error {}

/** A parser refused bytes that are not the canonical encoding of what was expected. */
export class EncodingError extends SukashiError {
  override readonly name = "EncodingError";
}

/**
 * A check failed. `checkId` is its stable name in docs/specification.md, `where` says which part of
 * the data and `why` what is wrong.
 */
export class VerificationError extends SukashiError {
  override readonly name = "VerificationError";

  constructor(
    readonly checkId: string,
    readonly where: string,
    readonly why: string,
  ) {
    super(`${checkId}: ${where}: ${why}`);
  }
}

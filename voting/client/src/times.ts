/** Times as our documents have them: YYYY-MM-DDTHH:MM:SSZ. */

import { EncodingError } from "../../../crypto/js/errors.js";

/** POSIX seconds. Throws EncodingError for 31 April, which JavaScript takes for 1 May. */
export function secondsOf(time: string): number {
  const date = new Date(time);
  if (Number.isNaN(date.getTime()) || date.toISOString() !== time.replace("Z", ".000Z")) {
    throw new EncodingError("a time that there is not");
  }
  return date.getTime() / 1000;
}

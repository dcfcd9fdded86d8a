/** A QR code as a drawing of the page's own: no image, so no address and nothing to be saved. */

import type { JSX } from "preact";
import encodeQR from "qr";
import { useText } from "./components.js";
import type { Key } from "./language.js";

export function QrPicture({ of, label }: { of: string; label: Key }): JSX.Element {
  const say = useText();
  const modules = encodeQR(of, "raw", { ecc: "medium", border: 4 });
  const size = modules.length;
  const drawn = modules.flatMap((row, y) =>
    row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return (
    <div class="code">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={say(label)}>
        <rect width={size} height={size} fill="#fff" />
        <path d={drawn.join("")} fill="#000" shape-rendering="crispEdges" />
      </svg>
    </div>
  );
}

/** Reading a code: from the camera, frame by frame, or from one picture. Frames leave nobody's hands. */

import decodeQR from "qr/decode.js";

const WIDEST = 1024; // pixels that are looked at: enough for a code, and quick
const EVERY = 150; // milliseconds between two looks

/** The text of the code in a picture, or null. */
export async function readPicture(file: Blob): Promise<string | null> {
  const picture = await createImageBitmap(file).catch(() => null);
  return picture === null ? null : textIn(picture, picture.width, picture.height);
}

/**
 * Shows the camera in `video` until a text is found that `wanted` takes, or until `stop` is aborted.
 * The camera is off when this returns. Throws DOMException where there is none or it is not allowed.
 */
export async function scan(
  video: HTMLVideoElement,
  stop: AbortSignal,
  wanted: (text: string) => boolean,
): Promise<string | null> {
  const camera = { video: { facingMode: "environment" }, audio: false };
  const stream = await navigator.mediaDevices.getUserMedia(camera);
  try {
    video.srcObject = stream;
    await video.play();
    while (!stop.aborted) {
      const text = textIn(video, video.videoWidth, video.videoHeight);
      if (text !== null && wanted(text)) return text;
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

function textIn(source: CanvasImageSource, width: number, height: number): string | null {
  const scale = Math.min(1, WIDEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  if (drawing === null || canvas.width === 0 || canvas.height === 0) return null;
  drawing.drawImage(source, 0, 0, canvas.width, canvas.height);
  const image = drawing.getImageData(0, 0, canvas.width, canvas.height);
  try {
    return decodeQR(image);
  } catch {
    return null; // no code in this frame
  }
}

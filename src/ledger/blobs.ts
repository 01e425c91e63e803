/** Numbers as SQLite blobs, little-endian whatever the machine: token ids as int32, log-probs as float32, embeddings as float16. */

export function tokensToBlob(tokens: readonly number[]): Uint8Array {
  return toBlob(tokens, 4, (view, offset, value) => view.setInt32(offset, value, true));
}

export function tokensFromBlob(blob: Uint8Array): number[] {
  return fromBlob(blob, 4, (view, offset) => view.getInt32(offset, true));
}

export function floatsToBlob(values: readonly number[]): Uint8Array {
  return toBlob(values, 4, (view, offset, value) => view.setFloat32(offset, value, true));
}

export function floatsFromBlob(blob: Uint8Array): number[] {
  return fromBlob(blob, 4, (view, offset) => view.getFloat32(offset, true));
}

export function halvesToBlob(values: ArrayLike<number>): Uint8Array {
  return toBlob(Array.from(values), 2, (view, offset, value) => view.setFloat16(offset, value, true));
}

export function halvesFromBlob(blob: Uint8Array): number[] {
  return fromBlob(blob, 2, (view, offset) => view.getFloat16(offset, true));
}

function toBlob(
  values: readonly number[],
  width: number,
  set: (view: DataView, offset: number, value: number) => void,
): Uint8Array {
  const blob = Buffer.alloc(values.length * width);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  values.forEach((value, i) => {
    set(view, i * width, value);
  });
  return blob;
}

function fromBlob(
  blob: Uint8Array,
  width: number,
  get: (view: DataView, offset: number) => number,
): number[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return Array.from({ length: blob.byteLength / width }, (_, i) => get(view, i * width));
}

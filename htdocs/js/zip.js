/* Pictures out of a ZIP, read in the page: nothing of it reaches the server but the pictures, one by one (faults.md IN-8).
 * Entries are counted and measured by what comes out; names are read by flag 11 or as GB18030; folders, links and what is
 * locked give no picture. */
const ENTRIES_MAX = 5000;
const PICTURE_MAX = 8_000_000;
const WHOLE_MAX = 2_000_000_000;
const RATIO_MAX = 100;
const PICTURE = /\.(jpe?g|png)$/i;

export class ZipError extends Error {}

const view = async (blob, from, to) => new DataView(await blob.slice(from, to).arrayBuffer());

/* Where the list of entries begins and how many it has. */
async function directory(file) {
  const tail = Math.min(file.size, 65557);
  const data = await view(file, file.size - tail, file.size);
  for (let at = tail - 22; at >= 0; at -= 1) {
    if (data.getUint32(at, true) === 0x06054b50) {
      return { count: data.getUint16(at + 10, true), size: data.getUint32(at + 12, true), from: data.getUint32(at + 16, true) };
    }
  }
  throw new ZipError("broken");
}

function nameOf(bytes, utf8) {
  try {
    return new TextDecoder(utf8 ? "utf-8" : "gb18030", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/* What the entry's bytes become, never more than is allowed. */
async function unpack(file, entry) {
  const head = await view(file, entry.at, entry.at + 30);
  if (head.byteLength < 30 || head.getUint32(0, true) !== 0x04034b50) throw new ZipError("broken");
  const from = entry.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const packed = file.slice(from, from + entry.packed);
  if (entry.method === 0) return packed;
  const reader = packed.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => { throw new ZipError("broken"); });
    if (done) break;
    size += value.length;
    if (size > PICTURE_MAX || size > Math.max(entry.packed, 1000) * RATIO_MAX) {
      reader.cancel();
      throw new ZipError("bomb");
    }
    parts.push(value);
  }
  return new Blob(parts);
}

/* [{name, file() → Blob}] of the pictures in it; name null: it can't be read. */
export async function openZip(file) {
  const { count, size, from } = await directory(file);
  if (count > ENTRIES_MAX) throw new ZipError("many");
  const data = await view(file, from, from + size);
  const found = [];
  const taken = [];
  let whole = 0;
  for (let n = 0, at = 0; n < count; n += 1) {
    if (at + 46 > data.byteLength || data.getUint32(at, true) !== 0x02014b50) throw new ZipError("broken");
    const flags = data.getUint16(at + 8, true);
    const length = data.getUint16(at + 28, true);
    const entry = { method: data.getUint16(at + 10, true), packed: data.getUint32(at + 20, true), size: data.getUint32(at + 24, true),
      at: data.getUint32(at + 42, true) };
    const kind = data.getUint32(at + 38, true) >>> 28; // Unix: 8 a file, 0 not said; links and devices are neither
    if (at + 46 + length > data.byteLength) throw new ZipError("broken");
    const name = nameOf(new Uint8Array(data.buffer, data.byteOffset + at + 46, length), (flags & 0x800) !== 0);
    at += 46 + length + data.getUint16(at + 30, true) + data.getUint16(at + 32, true);
    if (name !== null && (name.endsWith("/") || !PICTURE.test(name))) continue;
    if (kind !== 0 && kind !== 8) continue;
    if (flags & 1) throw new ZipError("locked");
    if (entry.method !== 0 && entry.method !== 8) throw new ZipError("broken");
    /* Entries that lie over each other are a bomb, whatever they say of themselves. */
    if (taken.some(([a, b]) => entry.at < b && entry.at + entry.packed > a)) throw new ZipError("bomb");
    taken.push([entry.at, entry.at + entry.packed]);
    whole += entry.size;
    if (entry.size > PICTURE_MAX || whole > WHOLE_MAX) throw new ZipError("bomb");
    found.push({ name: name?.split(/[\\/]/).pop() ?? null, file: () => unpack(file, entry) });
  }
  return found;
}

export const isZip = (file) => /\.zip$/i.test(file.name) || file.type === "application/zip";
export const isPicture = (file) => PICTURE.test(file.name);

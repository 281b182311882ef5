/* Pictures on their way to the server in a ZIP: files are packed here, as they are, and an archive larger than the server takes is
 * opened here and packed again in pieces (faults.md IN-8).
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

/* ---- packing ----------------------------------------------------------------------------------------------- */

const PACK_BYTES = 16_000_000;
const PACK_FILES = 2000;

const TABLE = new Uint32Array(256).map((_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  return c >>> 0;
});

function crc32(bytes) {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i += 1) c = TABLE[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/* A head of 30 bytes, or a row of the list (46) when `at` is given; both tell the same. */
function record(name, size, crc, at) {
  const listed = at !== undefined;
  const view = new DataView(new ArrayBuffer(listed ? 46 : 30));
  const from = listed ? 2 : 0;
  view.setUint32(0, listed ? 0x02014b50 : 0x04034b50, true);
  if (listed) view.setUint16(4, 20, true);
  view.setUint16(4 + from, 20, true);
  view.setUint16(6 + from, 0x800, true);
  view.setUint32(10 + from, 0x21 << 16, true);
  view.setUint32(14 + from, crc, true);
  view.setUint32(18 + from, size, true);
  view.setUint32(22 + from, size, true);
  view.setUint16(26 + from, name.length, true);
  if (listed) view.setUint32(42, at, true);
  return view;
}

async function pack(files) {
  const parts = [];
  const list = [];
  let at = 0;
  for (const { name, blob } of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const text = new TextEncoder().encode(name);
    const crc = crc32(bytes);
    parts.push(record(text, bytes.length, crc), text, bytes);
    list.push(record(text, bytes.length, crc, at), text);
    at += 30 + text.length + bytes.length;
  }
  const size = list.reduce((n, part) => n + part.byteLength, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return new Blob([...parts, ...list, end], { type: "application/zip" });
}

/* [{name, blob}] in as few archives as fit; what is too large for a photo goes along and is refused by name. */
export async function packZips(files) {
  const packed = [];
  let some = [];
  let size = 0;
  for (const file of files) {
    if (some.length === PACK_FILES || (some.length && size + file.blob.size > PACK_BYTES)) {
      packed.push(await pack(some));
      some = [];
      size = 0;
    }
    some.push(file);
    size += file.blob.size;
  }
  return some.length ? [...packed, await pack(some)] : packed;
}

export const isZip = (file) => /\.zip$/i.test(file.name) || file.type === "application/zip";
export const isPicture = (file) => PICTURE.test(file.name);

/* The peer of the export benchmark: a streaming exporter in Node as one writes it: rows come from PostgreSQL by COPY, each record's
 * key is opened and its document with it (AES-256-GCM), the ministry's XML is made, digested, sealed again and written to a file.
 *
 *   node export_peer.mjs prepare COUNT KEYFILE >rows     makes sealed rows: ID TAB hex(wrapped key) TAB hex(document)
 *   psql ... COPY ... | node export_peer.mjs run KEYFILE OUT   prints {"records", "seconds", "bytes"}
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";

const [mode, ...args] = process.argv.slice(2);

function seal(key, plain) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key, sealed) {
  const cipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
  cipher.setAuthTag(sealed.subarray(sealed.length - 16));
  return Buffer.concat([cipher.update(sealed.subarray(12, sealed.length - 16)), cipher.final()]);
}

const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/* The columns of T_BMK and the rows of the pack hunan-2025, as the documents have them. */
const COLUMNS = [["XM", "name"], ["XBDM", "sex"], ["CSRQ", "birth"], ["ZZMMDM", "political"], ["MZDM", "nation"], ["KSLBDM", "category"], ["BYLBDM", "graduation"],
  ["KSLXDM", "exam_type"], ["KLDM", "subject"], ["BYXXDM", "school_code"], ["BYXXMC", "school"], ["WYYZDM", "language"], ["DQDM", "household_place"],
  ["ZJLXDM", "id_type"], ["ZJHM", "id_number"], ["XJH", "student_number"], ["TXDZ", "address"], ["YZBM", "postcode"], ["LXSJ", "mobile"], ["SJR", "receiver"],
  ["KSTC", "speciality"], ["KSJLHCF", "award"], ["HJLBDM", "household_type"]];
const ROWS = [["T_KSJL", "resume", [["QSRQ", "start"], ["ZJRQ", "end"], ["JL", "school"], ["RHZW", "duty"], ["ZMR", "witness"]]],
  ["T_JTCY", "family", [["GX", "relation"], ["XM", "name"], ["GZDW", "unit"], ["ZW", "duty"], ["DH", "phone"]]]];

function element(number, doc) {
  let xml = `<candidate number="${number}" state="submitted" point="4301020001" version="9">`;
  for (const [tag, field] of COLUMNS) if (doc[field]) xml += `<${tag}>${escape(doc[field])}</${tag}>`;
  for (const [table, field, columns] of ROWS)
    for (const row of doc[field] ?? []) {
      xml += `<${table}>`;
      for (const [tag, name] of columns) if (row[name]) xml += `<${tag}>${escape(row[name])}</${tag}>`;
      xml += `</${table}>`;
    }
  return `${xml}</candidate>\n`;
}

if (mode === "prepare") {
  const [count, keyFile] = args;
  const data = randomBytes(32);
  writeFileSync(keyFile, data, { mode: 0o600 });
  const fields = JSON.parse(readFileSync(0, "utf-8"));
  for (let i = 0; i < Number(count); i += 1) {
    const own = randomBytes(32);
    process.stdout.write(`${10000000 + i}\t${seal(data, own).toString("hex")}\t${seal(own, Buffer.from(JSON.stringify(fields))).toString("hex")}\n`);
  }
} else {
  const [keyFile, target] = args;
  const data = readFileSync(keyFile);
  const start = process.hrtime.bigint();
  const digest = createHash("sha256");
  const spool = randomBytes(32);
  const out = createWriteStream(target);
  let records = 0, bytes = 0, rest = "", block = [];
  const flush = async () => {
    const sealed = seal(spool, Buffer.concat(block));
    block = [];
    if (!out.write(sealed)) await once(out, "drain");
  };
  let held = 0;
  for await (const chunk of process.stdin.setEncoding("latin1")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const [number, wrapped, sealed] = line.split("\t");
      const key = open(data, Buffer.from(wrapped.replace(/^\\x/, ""), "hex"));
      const doc = JSON.parse(open(key, Buffer.from(sealed.replace(/^\\x/, ""), "hex")).toString("utf-8"));
      const xml = Buffer.from(element(number, doc), "utf-8");
      digest.update(xml);
      block.push(xml);
      held += xml.length;
      bytes += xml.length;
      records += 1;
      if (held > 65536) {
        held = 0;
        await flush();
      }
    }
  }
  await flush();
  out.end();
  await once(out, "finish");
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  console.log(JSON.stringify({ records, seconds, bytes, sha256: digest.digest("hex") }));
}

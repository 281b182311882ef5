/* Some of the page tests by name: tests/web/run play habits. */
import { end } from "./lab.mjs";

for (const name of process.env.ONLY.split(" ")) await import(`./${name}.mjs`);
await end();

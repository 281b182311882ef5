/* The whole plan by itself: GK_WEB_DB=pgsql tests/web/run plan-alone.mjs plays it on PostgreSQL. */
import { end } from "./lab.mjs";

await import("./plan.mjs");
await end();

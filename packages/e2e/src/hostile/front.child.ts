import { createFront, readiness } from "@parley/local";
import { listen } from "@parley/service";

/**
 * Runs the local front before one process that serves both apps. Arguments: URLs of that process and of its admin
 * port.
 */
const [url = "", adminUrl = ""] = process.argv.slice(2);
const upstream = { url, isReady: readiness(adminUrl) };
const { port } = await listen(createFront({ gateway: [upstream], "history-api": [upstream] }), {
  port: 0,
  host: "127.0.0.1",
});
process.stdout.write(`listening on ${port}\n`);

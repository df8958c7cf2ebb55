import { defineConfig } from "vite";

/** The API server to use while `vite` serves the page from its source. It must be running: `start` or `dev`. */
const SERVER = "http://localhost:8080";
const PATHS = [
  "/ws",
  "/send",
  "/auth",
  "/message",
  "/messages",
  "/sync",
  "/conversations",
  "/docs",
  "/openapi.json",
  "/asyncapi.json",
];

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The Content-Security-Policy forbids inline scripts and styles, and the polyfill would be an additional script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: Object.fromEntries(PATHS.map((path) => [path, { target: SERVER, ws: path === "/ws" }])) },
});

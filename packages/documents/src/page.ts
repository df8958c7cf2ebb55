import type { JsonSchema } from "./schemas.ts";

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Record<string, { schema: JsonSchema }> }
    >
  >;
}

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:0 auto;padding:1rem}
code,pre{font:14px/1.45 ui-monospace,monospace}
pre{overflow-x:auto;padding:.75rem;border:1px solid #8886;border-radius:6px}
h3{margin-top:2rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}
`;

/** Generates a page that shows both documents, without scripts. */
export function page(openapi: JsonSchema, asyncapi: JsonSchema): { html: string; style: string } {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Parley: API reference</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Parley</h1>
<p>Generated from the schemas that validate requests and frames. Machine-readable: <a href="/openapi.json">openapi.json</a>,
<a href="/asyncapi.json">asyncapi.json</a>.</p>
<nav><a href="#http">HTTP</a> · <a href="#websocket">WebSocket</a> · <a href="#schemas">Schemas</a></nav>
<h2 id="http">HTTP</h2>
${Object.entries(openapi.paths as Record<string, Record<string, Operation>>)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationHtml(method, path, operation)),
  )
  .join("\n")}
<h2 id="websocket">WebSocket</h2>
${channelHtml(asyncapi)}
<h2 id="schemas">Schemas</h2>
${schemasHtml(openapi)}
${schemasHtml(asyncapi)}
</body>
</html>
`;
  return { html, style: STYLE };
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const rows = parameters.map(
    ({ name, description: text = "", schema }) =>
      [code(name), prose(text), code(JSON.stringify(schema))] as const,
  );
  const responseRows = Object.entries(responses).map(
    ([status, response]) =>
      [code(status), prose(response.description), schemaLinks(response.content)] as const,
  );
  return `<h3>${code(`${method.toUpperCase()} ${path}`)}</h3>
<p>${prose(summary)}</p>
${description ? `<p>${prose(description)}</p>` : ""}
${requestBody ? `<p>Body: ${schemaLinks(requestBody.content)}</p>` : ""}
${rows.length > 0 ? table(["parameter", "", "schema"], rows) : ""}
${table(["response", "", "schema"], responseRows)}`;
}

function channelHtml({ channels, components }: JsonSchema): string {
  const { chat } = channels as { chat: { address: string; description: string } };
  const { messages } = components as { messages: Record<string, { summary: string }> };
  const rows = Object.entries(messages).map(([name, { summary }]) => [schemaLink(name), prose(summary)]);
  return `<h3>${code(chat.address)}</h3>\n<p>${prose(chat.description)}</p>\n${table(["frame", ""], rows)}`;
}

function schemasHtml({ components }: JsonSchema): string {
  const { schemas } = components as { schemas: Record<string, JsonSchema> };
  return Object.entries(schemas)
    .map(
      ([name, schema]) =>
        `<h3 id="${text(name)}">${text(name)}</h3>\n<pre>${text(JSON.stringify(schema, null, 2))}</pre>`,
    )
    .join("\n");
}

function schemaLinks(content: Readonly<Record<string, { readonly schema: JsonSchema }>> = {}): string {
  return Object.values(content)
    .map(({ schema }) => schemaLink(String(schema.$ref).split("/").at(-1) ?? ""))
    .join(", ");
}

function schemaLink(name: string): string {
  return `<a href="#${text(name)}">${text(name)}</a>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    row.map((cell) => `<${tag}>${cell}</${tag}>`).join("");
  return `<table><tr>${cells("th", head)}</tr>\n${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n")}</table>`;
}

function code(value: string): string {
  return `<code>${text(value)}</code>`;
}

/** Returns a text as HTML. Its parts in backticks become `<code>` elements. */
function prose(value: string): string {
  return text(value).replaceAll(/`([^`]*)`/g, "<code>$1</code>");
}

function text(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

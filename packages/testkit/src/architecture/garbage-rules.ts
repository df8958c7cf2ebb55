import type { Rule } from "./import-rules.ts";
import { isCode, isForTests } from "./source.ts";

/** Code that runs for each connection, request or message of a service. */
const SERVICES =
  /^(apps\/(gateway|history-api|persister|standalone)|packages\/(async|auth|bus|models|page|service|store|telemetry))\//;
const DECLARATION = /^\s*(?:export\s+)?(?:const|let|type)\b/;
const ASSIGNS_FUNCTION =
  /(?:\.#?\w+|\]) (?:\?\?)?= (?:async )?(?:function\b|\w+ =>|\([^()]*\)(?:: [^=]+)? =>)/;

/**
 * No service assigns a function to a property where the function is written. V8 creates such a function among the old
 * objects, because most of them are methods. So it lives until the next full garbage collection, and so does all that it
 * refers to. The cure is a name: `const onEnd = () => ...; this.onEnd = onEnd`.
 */
export const functionsArentBornOld: Rule = (sources) =>
  sources
    .filter((source) => SERVICES.test(source.path) && isCode(source) && !isForTests(source))
    .flatMap(({ path, text }) =>
      text
        .split("\n")
        .filter((line) => ASSIGNS_FUNCTION.test(line) && !DECLARATION.test(line))
        .map((line) => `${path}: name the function before it is assigned: ${line.trim()}`),
    );

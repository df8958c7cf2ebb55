export { describeFileError, NotPrivateError } from "./not-private-error.ts";
export { ensurePrivateDir } from "./private-dir.ts";
export { ensurePrivateFile } from "./private-file.ts";

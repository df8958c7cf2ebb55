export { MONITORING_FILES } from "./files.ts";

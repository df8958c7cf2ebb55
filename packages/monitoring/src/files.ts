import { dashboardJson } from "./dashboard/dashboard.ts";
import { rulesYaml } from "./rules/rules.ts";

/** The generated files of deploy/monitoring: each name with a function that returns the content. */
export const MONITORING_FILES: Readonly<Record<string, () => string>> = {
  "parley-rules.yml": () => rulesYaml(),
  "parley-dashboard.json": () => dashboardJson(),
};

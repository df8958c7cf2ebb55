import { embedPage } from "../../packages/page/src/embed.ts";
import { app } from "../../tsup.base.ts";

export default { ...app, ...embedPage() };

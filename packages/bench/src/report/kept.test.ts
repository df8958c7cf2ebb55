import { expect, it } from "vitest";
import { withKept } from "./kept.ts";

it("what people wrote stays when the file is written anew, and stays at its end", () => {
  const first = withKept("# Figures\n", undefined);
  const explained = first.replace("\n\n<!-- /kept -->", "\n\nIt is the kernel.\n\n<!-- /kept -->");
  expect(explained).not.toBe(first);
  const second = withKept("# Other figures\n", explained);
  expect(second).toContain("# Other figures");
  expect(second).not.toContain("# Figures");
  expect(second).toContain("\n\nIt is the kernel.\n\n<!-- /kept -->\n");
  expect(withKept("# Other figures\n", second)).toBe(second);
});

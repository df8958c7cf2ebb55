import { expect, it } from "vitest";
import { withManualSection } from "./manual-section.ts";

it("the hand-written section stays, at the end, when the file is generated again", () => {
  const first = withManualSection("# Figures\n", undefined);
  const explained = first.replace("\n\n<!-- /kept -->", "\n\nIt is the kernel.\n\n<!-- /kept -->");
  expect(explained).not.toBe(first);
  const second = withManualSection("# Other figures\n", explained);
  expect(second).toContain("# Other figures");
  expect(second).not.toContain("# Figures");
  expect(second).toContain("\n\nIt is the kernel.\n\n<!-- /kept -->\n");
  expect(withManualSection("# Other figures\n", second)).toBe(second);
});

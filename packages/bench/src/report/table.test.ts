import { expect, it } from "vitest";
import { figure, table } from "./table.ts";

it("table: Markdown with aligned columns", () => {
  expect(
    table(
      ["", "acked/s"],
      [
        ["Parley", "31,400"],
        ["other", "7"],
      ],
    ),
  ).toBe(
    ["|        | acked/s |", "|--------|--------:|", "| Parley |  31,400 |", "| other  |       7 |"].join(
      "\n",
    ),
  );
});

it("figure: thousands separators, a fixed number of digits, and a dash if it isn't finite", () => {
  expect(figure(1_234_567.891, 1)).toBe("1,234,567.9");
  expect(figure(0.5, 0)).toBe("1");
  expect(figure(2, 2)).toBe("2.00");
  expect(figure(Number.NaN, 2)).toBe("–");
  expect(figure(1 / 0, 2)).toBe("–");
});

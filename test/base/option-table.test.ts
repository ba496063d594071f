import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allowedInWords,
  bounds,
  checkOptions,
  choice,
  count,
  counts,
  defaultsOf,
  flag,
  number,
  numberOr,
  orNull,
  text,
} from "../../src/base/option-table.js";

const about = { description: "An option." };
const TABLE = {
  share: number({ ...about, default: 0.5, least: 0, below: 1 }),
  width: count({ ...about, default: 3, isOdd: true }),
  kind: choice(["a", "b"], { ...about, default: "a" }),
  sizes: counts({ ...about, default: [1, 2], minLength: 2, maxLength: 2 }),
  scale: bounds({ ...about, above: 0 }),
  isOn: flag({ ...about, default: false }),
  name: text(about),
  hertz: orNull(number({ ...about, default: 60, above: 0 })),
  weight: numberOr(["auto"], { ...about, default: "auto", above: 0 }),
};

test("defaultsOf gives the default of every option that has one", () => {
  assert.deepEqual(defaultsOf(TABLE), {
    share: 0.5,
    width: 3,
    kind: "a",
    sizes: [1, 2],
    isOn: false,
    hertz: 60,
    weight: "auto",
  });
});

test("checkOptions accepts what the options allow and undefined, and names what it refuses", () => {
  checkOptions(TABLE, { share: 0, width: 1, kind: "b", sizes: [3, 4], scale: [0.5, 0.5], hertz: null, weight: "auto" });
  checkOptions(TABLE, { share: undefined, other: 3 });
  for (const [values, message] of [
    [{ share: 1 }, "invalid share: 1; expected a number from 0 to below 1"],
    [{ share: Number.NaN }, "invalid share: NaN; expected a number from 0 to below 1"],
    [{ share: null }, "invalid share: null; expected a number from 0 to below 1"],
    [{ width: 2 }, "invalid width: 2; expected an odd number"],
    [{ width: 1.5 }, "invalid width: 1.5; expected an odd number"],
    [{ kind: "c" }, "invalid kind: c; expected a, b"],
    [{ sizes: [1] }, "invalid sizes: 1; expected 2 whole numbers of at least 1"],
    [{ sizes: [1, 0] }, "invalid sizes: 1,0; expected 2 whole numbers of at least 1"],
    [{ scale: [2, 1] }, "invalid scale: 2,1; expected 0 < low <= high"],
    [{ scale: [0, 1] }, "invalid scale: 0,1; expected 0 < low <= high"],
    [{ isOn: 1 }, "invalid isOn: 1; expected true or false"],
    [{ name: "" }, "invalid name: ; expected text"],
    [{ hertz: 0 }, "invalid hertz: 0; expected a number above 0"],
    [{ weight: "all" }, "invalid weight: all; expected a number above 0"],
  ] as const)
    assert.throws(() => checkOptions(TABLE, values), { name: "RangeError", message });
});

test("a short range of whole numbers is written out", () => {
  assert.equal(allowedInWords(number({ ...about, isWhole: true, least: 2, most: 4 })), "2, 3 or 4");
  assert.equal(allowedInWords(number({ ...about, isWhole: true, least: 1, most: 12 })), "a whole number from 1 to 12");
});

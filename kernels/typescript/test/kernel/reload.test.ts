import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isMessage } from "../../src/wire/message.js";
import { contentOf, startKernel, streamText, type TestKernel } from "./start-kernel.js";

let kernel: TestKernel;
before(async () => {
  kernel = await startKernel();
});
after(() => kernel.stop());

const save = (name: string, text: string) => writeFile(join(kernel.folder, name), text);

test("the cell after an edit sees it, and tells type errors of the edited file once, those of its importers soon after", async () => {
  await save("base.ts", "export const rate: number = 1;\n");
  await save("above.ts", "import { rate } from './base.js';\nexport const twice: number = rate * 2;\n");
  await kernel.execute("import { twice } from './above.js';");
  await save("base.ts", "export const rate: string = '21';\nexport const wrong: number = 'x';\n");
  const answer = await kernel.execute("twice");
  assert.equal(contentOf(answer, "execute_result")?.data["text/plain"], "42");
  assert.match(streamText(answer), /^reloaded: .*base\.ts, .*above\.ts\n$/m);
  assert.match(streamText(answer, "stderr"), /base\.ts:2:14 - .*TS2322/);
  const id = answer.reply.parentHeader?.msg_id;
  await kernel.waitFor(
    (message) =>
      message.parentHeader?.msg_id === id &&
      isMessage(message, "stream") &&
      /above\.ts:2:\d+ - .*TS236/.test(message.content.text),
    "the error in the importer, under the same cell",
  );
  const next = await kernel.execute("twice + 0");
  assert.equal(streamText(next, "stderr"), "", "each is told once");
});

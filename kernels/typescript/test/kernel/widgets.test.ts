// Controls over the widget protocol: what a front end with ipywidgets is told, and what it tells.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isMessage, type Message } from "../../src/wire/message.js";
import { contentOf, startKernel, streamText, type TestKernel } from "./start-kernel.js";

let kernel: TestKernel;
before(async () => {
  kernel = await startKernel();
  await kernel.execute('import { controls, interact } from "@ictal/jupyter";');
});
after(() => kernel.stop());

type State = Record<string, unknown>;

interface Opened {
  readonly id: string;
  readonly state: State;
  readonly message: Message;
}

const openedIn = (iopub: readonly Message[]): Opened[] =>
  iopub.flatMap((message) => {
    if (!isMessage(message, "comm_open")) return [];
    const { comm_id: id, data } = message.content;
    return [{ id, state: (data as { state: State }).state, message }];
  });

const named = (all: readonly Opened[], name: string): Opened => {
  const found = all.find(({ state }) => state._model_name === name);
  assert.ok(found, `no ${name} among ${all.map(({ state }) => state._model_name).join(" ")}`);
  return found;
};

const update = (id: string, state: State) =>
  kernel.client.send("shell", "comm_msg", { comm_id: id, data: { method: "update", state, buffer_paths: [] } });

test("a slider opens its models, follows the front end, and moves it", async () => {
  const answer = await kernel.execute(
    'const threshold = controls.slider({ min: 0, max: 1, step: 0.01, value: 0.5, description: "threshold" });\nthreshold.onChange((value) => console.log("now", value));\nthreshold',
  );
  const models = openedIn(answer.iopub);
  const slider = named(models, "FloatSliderModel");
  assert.deepEqual([slider.message.content.target_name, slider.message.metadata.version], ["jupyter.widget", "2.1.0"]);
  const { layout, style, value, readout_format } = slider.state;
  assert.deepEqual(
    [layout, style, value, readout_format],
    [`IPY_MODEL_${named(models, "LayoutModel").id}`, `IPY_MODEL_${named(models, "SliderStyleModel").id}`, 0.5, ".2f"],
  );
  assert.deepEqual(contentOf(answer, "execute_result")?.data, {
    "application/vnd.jupyter.widget-view+json": { version_major: 2, version_minor: 0, model_id: slider.id },
    "text/plain": "threshold: 0.5",
  });
  update(slider.id, { value: 0.75 });
  await kernel.waitFor(
    (message) => isMessage(message, "stream") && message.content.text === "now 0.75\n",
    "the change",
  );
  const moved = await kernel.execute("threshold.value += 0.05; threshold.value");
  assert.equal(contentOf(moved, "execute_result")?.data["text/plain"], "0.8");
  const sent = moved.iopub.find((message) => isMessage(message, "comm_msg"));
  assert.deepEqual(sent?.content.data, { method: "update", state: { value: 0.8 }, buffer_paths: [] });
});

test("a front end that was loaded anew is told of all models", async () => {
  kernel.client.send("shell", "comm_open", { comm_id: "all", target_name: "jupyter.widget.control", data: {} });
  kernel.client.send("shell", "comm_msg", { comm_id: "all", data: { method: "request_states" } });
  const told = await kernel.waitFor((message) => isMessage(message, "comm_msg") && message.content.comm_id === "all");
  const { method, states } = told.content.data as { method: string; states: Record<string, { model_name: string }> };
  assert.equal(method, "update_states");
  assert.ok(Object.values(states).some(({ model_name: name }) => name === "FloatSliderModel"));
});

test("buttons, lists, boxes and texts have values, and refuse what they cannot have", async () => {
  const answer = await kernel.execute(`const clicked = controls.button("go", () => console.log("clicked"));
const montage = controls.dropdown({ bipolar: 1, "common average": 2 }, { value: 2 });
const box = controls.checkBox({ value: true }), line = controls.text({ value: "a" }), bar = controls.progress({ max: 4 });
controls.column(controls.row(clicked, montage), box, line, bar)`);
  assert.match(
    String(contentOf(answer, "execute_result")?.data["text/plain"]),
    /^\[go\] {2}Dropdown: 2\nCheckbox: true\nText: 'a'\nFloatProgress: 0$/,
  );
  const models = openedIn(answer.iopub);
  const button = named(models, "ButtonModel");
  kernel.client.send("shell", "comm_msg", {
    comm_id: button.id,
    data: { method: "custom", content: { event: "click" } },
  });
  await kernel.waitFor((message) => isMessage(message, "stream") && message.content.text === "clicked\n", "the click");
  const list = named(models, "DropdownModel");
  assert.deepEqual([list.state._options_labels, list.state.index], [["bipolar", "common average"], 1]);
  update(list.id, { index: 0 });
  const values = await kernel.execute("bar.value = 3; [montage.value, box.value, line.value, bar.value].join()");
  assert.match(String(contentOf(values, "execute_result")?.data["text/plain"]), /1,true,a,3/);
  const refused = await kernel.execute("montage.value = 3");
  assert.match(
    String(refused.reply.content.evalue),
    /invalid value of a drop-down list: 3; it has bipolar, common average/,
  );
  const wrong = await kernel.execute("controls.slider({ min: 2, max: 1 })");
  assert.match(String(wrong.reply.content.evalue), /invalid range of a slider: 2 to 1/);
});

test("interact shows controls and what the function returns, again at each change", async () => {
  const answer = await kernel.execute(
    'const shown = interact(({ x, mode, on }) => { if (x > 0.9) throw new Error("too much"); return on ? mode + " " + x : 0; }, { x: [0, 1, 0.01], mode: ["a", "b"], on: true })',
  );
  assert.equal(answer.reply.content.status, "ok", JSON.stringify(answer.reply.content));
  const displays = answer.iopub.filter((message) => isMessage(message, "display_data"));
  assert.equal(displays.length, 2);
  const shownId = (displays[1]!.content.transient as { display_id: string }).display_id;
  assert.match(JSON.stringify(displays[1]!.content.data), /a 0\.5/);
  const next = (what: RegExp) =>
    kernel.waitFor(
      (message) =>
        isMessage(message, "update_display_data") &&
        message.content.transient?.display_id === shownId &&
        what.test(JSON.stringify(message.content.data)),
      String(what),
    );
  const models = openedIn(answer.iopub);
  update(named(models, "FloatSliderModel").id, { value: 0.25 });
  await next(/a 0\.25/);
  update(named(models, "DropdownModel").id, { index: 1 });
  await next(/b 0\.25/);
  update(named(models, "FloatSliderModel").id, { value: 0.95 });
  await next(/too much/);
  const values = await kernel.execute("JSON.stringify(shown.values)");
  assert.match(String(contentOf(values, "execute_result")?.data["text/plain"]), /\{"x":0\.95,"mode":"b","on":true\}/);
  assert.equal(streamText(values, "stderr"), "");
});

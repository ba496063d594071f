// JupyterLab in headless Chromium, driven as a person would: menus, buttons and keys.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openPage, type Page } from "@ictal/jupyter/browser/page";
import { freePorts } from "@ictal/jupyter/wire/connection";
import { projectDir } from "../../src/base/project.js";

const HOST = "127.0.0.1";

export interface LabServer {
  readonly child: ChildProcess;
  readonly token: string;
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** All that the server wrote. */
  log(): string;
  /** The server's REST interface; throws on any answer but success. */
  api(path: string, method?: "GET" | "POST" | "DELETE"): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts `ictal lab` on the folder `root`, as `npm run lab` does; resolves when it answers. */
export async function startLabServer(root: string, env: NodeJS.ProcessEnv): Promise<LabServer> {
  const token = randomBytes(16).toString("hex");
  const [port] = await freePorts(1);
  const url = `http://${HOST}:${port}`;
  const words = ["--no-browser", `--port=${port}`, `--ServerApp.root_dir=${root}`, `--IdentityProvider.token=${token}`];
  if (process.getuid?.() === 0) words.push("--allow-root");
  const child = spawn(process.execPath, [join(projectDir, "src/cli/ictal.mjs"), "lab", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let text = "";
  const keep = (chunk: Buffer) => {
    text += chunk.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = once(child, "exit");
  const api: LabServer["api"] = async (path, method = "GET") => {
    const answer = await fetch(`${url}/api/${path}`, { method, headers: { Authorization: `token ${token}` } });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  const close = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  for (let tries = 0; ; tries++) {
    if (await api("status").catch(() => undefined)) return { child, token, url, log: () => text, api, close };
    if (child.exitCode !== null || tries > 300) {
      await close();
      throw new Error(`JupyterLab did not start:\n${text}`);
    }
    await sleep(100);
  }
}

/** One JupyterLab tab with a notebook open. */
export interface LabPage {
  readonly page: Page;
  /** Resolves with the value of the expression once it is truthy; throws with the page's state after `seconds`. */
  until<Value>(expression: string, what: string, seconds?: number): Promise<Value>;
  /** Clicks the middle of the first visible element of a selector whose text matches. */
  click(selector: string, text?: RegExp): Promise<void>;
  /** Presses and releases a key, e.g. "Tab", "Enter"; `modifiers` as in DevTools: 2 Ctrl, 8 Shift. */
  press(key: string, modifiers?: number): Promise<void>;
  type(text: string): Promise<void>;
  /** Run > Run All Cells. */
  runAll(): Promise<void>;
  /** Puts the cursor behind the last character of code cell `index` (from 0). */
  enterCell(index: number): Promise<void>;
  /** Selects cell `index` and runs it in place. */
  runCell(index: number): Promise<void>;
  /** Text of the outputs of code cell `index`. */
  outputText(index: number): Promise<string>;
  /** Resolves when cell `index` has the execution number that `pattern` matches, e.g. /\d/. */
  cellDone(index: number, pattern?: RegExp, seconds?: number): Promise<void>;
  screenshot(path: string): Promise<void>;
}

/** High enough for a small notebook: JupyterLab takes cells that are out of view out of the page. */
const HEIGHT = 2600;

const KEYS: Readonly<Record<string, number>> = { Enter: 13, Tab: 9, Escape: 27, End: 35 };

const PLACE = (selector: string, text: string) => `(() => {
  const pattern = new RegExp(${JSON.stringify(text)});
  for (const node of document.querySelectorAll(${JSON.stringify(selector)})) {
    const { x, y, width, height } = node.getBoundingClientRect();
    if (width > 0 && height > 0 && pattern.test(node.textContent)) return { x: x + width / 2, y: y + height / 2 };
  }
})()`;

/** Cells that are to be seen. */
const CELL = (index: number) =>
  `[...document.querySelectorAll(".jp-Notebook .jp-CodeCell")].filter((cell) => cell.getBoundingClientRect().width > 0)[${index}]`;

/** Opens `notebook` (relative to the server's root) in JupyterLab, without the notebooks of earlier visits. */
export async function openNotebook(executable: string, server: LabServer, notebook: string): Promise<LabPage> {
  const page = await openPage(executable, { host: HOST });
  const { send, evaluate } = page;
  const until: LabPage["until"] = async <Value>(expression: string, what: string, seconds = 20) => {
    for (const end = performance.now() + seconds * 1000; ; await sleep(50)) {
      const value = await evaluate<Value>(expression);
      if (value) return value;
      if (performance.now() > end) {
        const text = await evaluate<string>("document.body.innerText.slice(0, 3000)");
        throw new Error(`${what}: not within ${seconds} s. The page says:\n${text}\nThe server says:\n${server.log()}`);
      }
    }
  };
  const click: LabPage["click"] = async (selector, text = /(?:)/) => {
    const place = await until<{ x: number; y: number }>(PLACE(selector, text.source), `${selector} ${text}`);
    const mouse = (type: string) => send("Input.dispatchMouseEvent", { type, ...place, button: "left", clickCount: 1 });
    await mouse("mouseMoved");
    await mouse("mousePressed");
    await mouse("mouseReleased");
  };
  const press: LabPage["press"] = async (key, modifiers = 0) => {
    const event = { key, code: key, windowsVirtualKeyCode: KEYS[key], modifiers };
    await send("Input.dispatchKeyEvent", { ...event, type: "rawKeyDown" });
    await send("Input.dispatchKeyEvent", { ...event, type: "keyUp" });
  };
  const enterCell = async (index: number) => {
    await evaluate(`${CELL(index)}.setAttribute("data-place", "${index}")`);
    await click(`[data-place="${index}"] .cm-content`);
    await press("End", 2);
  };
  const lab: LabPage = {
    page,
    until,
    click,
    press,
    type: (text) => send("Input.insertText", { text }),
    async runAll() {
      await click(".lm-MenuBar-item", /^Run$/);
      await click('.lm-Menu-item[data-command="runmenu:run-all"]');
    },
    enterCell,
    async runCell(index) {
      await enterCell(index);
      await press("Enter", 2);
    },
    outputText: (index) => evaluate<string>(`${CELL(index)}.querySelector(".jp-OutputArea")?.innerText ?? ""`),
    async cellDone(index, pattern = /\[\d+\]/, seconds = 60) {
      const prompt = `${CELL(index)}?.querySelector(".jp-InputPrompt")?.textContent ?? ""`;
      await until(`${pattern}.test(${prompt})`, `cell ${index} to be done`, seconds);
    },
    async screenshot(path) {
      const { data } = await send<{ data: string }>("Page.captureScreenshot", { format: "png" });
      await writeFile(path, Buffer.from(data, "base64"));
    },
  };
  await send("Emulation.setDeviceMetricsOverride", {
    width: 1200,
    height: HEIGHT,
    deviceScaleFactor: 1,
    mobile: false,
  });
  try {
    await send("Page.navigate", { url: `${server.url}/lab/tree/${notebook}?token=${server.token}&reset` });
    const front = "#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current .lm-TabBar-tabLabel";
    const isInFront = `document.querySelector("${front}")?.textContent === ${JSON.stringify(basename(notebook))}`;
    await until(`${isInFront} && ${CELL(0)} !== undefined`, "the notebook to open", 60);
    return lab;
  } catch (error) {
    await page.close();
    throw error;
  }
}

/** A Slurm of one machine and two nodes on the loopback, of child processes that end with the test. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { patience } from "@ictal/jupyter/test/patience";
import { freePorts } from "@ictal/jupyter/wire/connection";

const PROGRAMS = ["slurmctld", "slurmd", "sbatch", "squeue", "munged"];
const PATH = [process.env.PATH ?? "", "/usr/sbin", "/usr/bin"].join(delimiter);

/** Why no Slurm can be started here; undefined where one can. */
export function noSlurm(): string | undefined {
  const missing = PROGRAMS.filter((name) => !PATH.split(delimiter).some((folder) => existsSync(join(folder, name))));
  if (missing.length > 0) return `${missing.join(", ")} not found; apt-get install slurmctld slurmd slurm-client munge`;
  return process.getuid?.() === 0 ? undefined : "slurmd of the test runs jobs as root; this user is not";
}

/** Each look starts a program of Slurm, which takes 30 ms of a core. */
const POLL_MILLISECONDS = 400;

export interface MadeSlurm {
  readonly environment: Record<string, string>;
  run(program: string, ...args: string[]): string;
  /** Wait until `check` holds; throws with the queue after `seconds`. */
  until(check: () => boolean | Promise<boolean>, what: string, seconds?: number): Promise<void>;
  /** As when a node loses its power: its daemon and, with it, the job that `pid` belongs to are gone at once. */
  loseNode(name: string, pid: number): Promise<void>;
  /** A lost node is back and idle. */
  bringBack(name: string): Promise<void>;
  close(): Promise<void>;
}

/** `pid` behind its ancestors, as far as they are no children of `root`. */
function lineOf(pid: number, root: number): number[] {
  const line: number[] = [];
  for (let each = pid; each > 1 && each !== root; ) {
    line.unshift(each);
    each = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1] ?? 0);
  }
  return line;
}

function configText(dir: string, ports: readonly number[]): string {
  const host = hostname().split(".")[0]!;
  return `ClusterName=made
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=${dir}/munge.socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,requeue_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MaxArraySize=8
KillWait=5
MinJobAge=30
StateSaveLocation=${dir}/state
SlurmdSpoolDir=${dir}/spool-%n
SlurmctldLogFile=${dir}/slurmctld.log
SlurmdLogFile=${dir}/slurmd-%n.log
SlurmctldPidFile=${dir}/slurmctld.pid
SlurmdPidFile=${dir}/slurmd-%n.pid
NodeName=n1 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=1 RealMemory=1000
NodeName=n2 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=1 RealMemory=1000
PartitionName=made Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP OverTimeLimit=0
`;
}

async function endAll(children: readonly ChildProcess[]): Promise<void> {
  for (const child of [...children].reverse()) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue; // did not start, or has ended
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(timer);
  }
}

/** Start munged, slurmctld and two slurmd in `dir`; its nodes are idle when this returns. */
export async function startSlurm(dir: string): Promise<MadeSlurm> {
  await chmod(dir, 0o755);
  for (const name of ["state", "spool-n1", "spool-n2"]) await mkdir(join(dir, name), { recursive: true });
  await writeFile(join(dir, "munge.key"), randomBytes(128), { mode: 0o600 });
  const conf = join(dir, "slurm.conf");
  await writeFile(conf, configText(dir, await freePorts(3)));
  const environment = { SLURM_CONF: conf, PATH };
  const env = { ...process.env, ...environment };
  const children: ChildProcess[] = [];
  const start = (program: string, ...args: string[]) => {
    const child = spawn(program, args, { env, stdio: "ignore", detached: true });
    children.push(child);
    return child;
  };
  const nodes = new Map<string, ChildProcess>();
  const startNode = (name: string) => nodes.set(name, start("slurmd", "-D", "-f", conf, "-N", name));
  const file = (name: string) => join(dir, name);
  start(
    "munged",
    ...["--force", "--foreground", "--key-file", file("munge.key"), "--socket", file("munge.socket")],
    ...["--pid-file", file("munged.pid"), "--log-file", file("munged.log"), "--seed-file", file("munged.seed")],
  );
  const run = (program: string, ...args: string[]) => spawnSync(program, args, { env, encoding: "utf8" }).stdout ?? "";
  const until: MadeSlurm["until"] = async (check, what, seconds = 60) => {
    for (const end = Date.now() + patience(seconds * 1000); Date.now() < end; await sleep(POLL_MILLISECONDS))
      if (await check()) return;
    const log = await readFile(file("slurmctld.log"), "utf8").catch(() => "");
    throw new Error(`${what}: not within ${seconds} s\n${run("squeue")}${log.split("\n").slice(-15).join("\n")}`);
  };
  const close = () => endAll(children);
  try {
    await until(() => existsSync(file("munge.socket")), "munged is up", 20);
    start("slurmctld", "-D", "-f", conf);
    for (const node of ["n1", "n2"]) startNode(node);
    await until(() => /^2$/m.test(run("sinfo", "-h", "-t", "idle", "-o", "%D")), "both nodes are idle", 40);
  } catch (error) {
    await close();
    throw error;
  }
  const loseNode: MadeSlurm["loseNode"] = async (name, pid) => {
    const node = nodes.get(name)!;
    const ended = once(node, "exit");
    const lost = new Set([node.pid!, ...lineOf(pid, process.pid)]);
    // from the outside in, and all of them halted before one ends: a step's daemon would report the end of its job
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) for (const each of lost) process.kill(each, signal);
    await ended;
    run("scontrol", "update", `nodename=${name}`, "state=down", "reason=lost");
  };
  const bringBack: MadeSlurm["bringBack"] = async (name) => {
    startNode(name);
    run("scontrol", "update", `nodename=${name}`, "state=resume");
    await until(() => /^2$/m.test(run("sinfo", "-h", "-t", "idle", "-o", "%D")), `${name} is back`, 60);
  };
  return { environment, run, until, loseNode, bringBack, close };
}

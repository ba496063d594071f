import { formatDuration } from "./duration.js";

/** A clock that started when it was made; its call returns CPU and wall time since, in two lines. */
export function startClock(): () => string {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  return () => {
    const seconds = (performance.now() - wall) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const [u, s, total] = [user, system, user + system].map((microseconds) => formatDuration(microseconds / 1e6));
    return `CPU times: user ${u}, sys: ${s}, total: ${total}\nWall time: ${formatDuration(seconds)}`;
  };
}

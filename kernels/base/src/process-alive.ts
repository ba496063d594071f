export { isAlive } from "@ictal/base/lock-file";

export { isAlive } from "#lock-file";

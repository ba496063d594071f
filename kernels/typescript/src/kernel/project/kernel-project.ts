import { projectOf } from "../../project.js";

/** The project of the notebook whose kernel this process is; a cell may change the working folder later. */
export const kernelProject = projectOf(process.cwd());

/** Why a cell ended that was stopped by the person who ran it. */
export class InterruptedError extends Error {
  override readonly name = "Interrupted";
  constructor(message = "the cell was interrupted") {
    super(message);
  }
}

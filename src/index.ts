export { createReceipt } from "./base/receipt.js";

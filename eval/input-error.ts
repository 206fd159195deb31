/** What cannot be measured and why, in words for whoever asked. */
export class InputError extends Error {}

import type { Admission } from '../../src/resilience/admission.ts';

const place: Disposable = { [Symbol.dispose]: () => undefined };

/** Lets everybody in. */
export const openAdmission: Admission = { connection: () => place, turn: () => place };

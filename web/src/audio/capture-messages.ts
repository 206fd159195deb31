/** The name of the processor that captures. */
export const CAPTURE = 'vivavoce-capture';

import { VivavoceError } from '../../errors.ts';

/**
 * What an engine gave, as unit vectors.
 *
 * @param dimensions of each; null: all alike
 * @throws VivavoceError `engine_failed` when these are not `count` vectors that can be compared
 */
export function unitVectors(
  given: unknown,
  count: number,
  dimensions: number | null,
  engine: string,
): Float32Array[] {
  const fail = (what: string) => new VivavoceError('engine_failed', `${engine} gave ${what}`);
  if (!Array.isArray(given) || given.length !== count) {
    throw fail(`${Array.isArray(given) ? given.length : 'no'} vectors for ${count} texts`);
  }
  const wanted = dimensions ?? (given[0]?.length as unknown);
  return given.map((numbers: unknown) => {
    if (!isVector(numbers)) throw fail('something that is no vector');
    if (numbers.length !== wanted) throw fail(`a vector of ${numbers.length} numbers instead of ${wanted}`);
    const vector = unitVector(numbers);
    if (!vector) throw fail('a vector without a direction');
    return vector;
  });
}

function isVector(value: unknown): value is ArrayLike<number> {
  return (Array.isArray(value) || value instanceof Float32Array) && value.length > 0;
}

/** Null when the numbers are all zero, or no numbers. */
function unitVector(numbers: ArrayLike<number>): Float32Array | null {
  let squares = 0;
  for (let i = 0; i < numbers.length; i++) squares += (numbers[i] ?? Number.NaN) ** 2;
  const norm = Math.sqrt(squares);
  if (!(norm > 0 && Number.isFinite(norm))) return null;
  return Float32Array.from(numbers, (value) => value / norm);
}

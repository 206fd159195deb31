import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { OnnxModel } from './onnx-model.ts';

const load = (model: OnnxModel) => InferenceSession.create(model.bytes());
const floats = (values: number[], dims: number[]) => new Tensor('float32', values, dims);

test('onnxruntime runs what was built, and says the names, types and shapes that were asked for', async () => {
  const session = await load(
    new OnnxModel()
      .input('x', 'float32', ['batch', 3])
      .constant('weights', { type: 'float32', shape: [3, 2], values: [1, 0, 0, 1, 0, -1] })
      .node('MatMul', ['x', 'weights'], ['sums'])
      .node('Sigmoid', ['sums'], ['y'])
      .output('y', 'float32', ['batch', 2]),
  );
  expect(session.inputMetadata).toMatchObject([{ name: 'x', type: 'float32', shape: ['batch', 3] }]);
  expect(session.outputMetadata).toMatchObject([{ name: 'y', type: 'float32', shape: ['batch', 2] }]);
  const { y } = await session.run({ x: floats([0, 0, 0, 1, 2, 3], [2, 3]) });
  expect(y?.dims).toEqual([2, 2]);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const expected = [0, 0, 1, 2 - 3].map(sigmoid);
  for (const [at, value] of expected.entries()) expect(y?.data[at]).toBeCloseTo(value, 6);
  await session.release();
});

test('attributes of every kind reach their operators', async () => {
  const session = await load(
    new OnnxModel()
      .input('x', 'float32', [2, 3])
      .node('LeakyRelu', ['x'], ['leaky'], { alpha: { float: 0.5 } })
      .node('Transpose', ['leaky'], ['turned'], { perm: [1, 0] })
      .node('Cast', ['turned'], ['cast'], { to: 7 })
      .node('Constant', [], ['scale'], { value: { tensor: { type: 'int64', shape: [], values: [-10] } } })
      .node('Constant', [], ['shift'], { value_floats: { floats: [0.25, 0.5] } })
      .node('Mul', ['cast', 'scale'], ['y'])
      .node('DepthToSpace', ['four'], ['deep'], { blocksize: 2, mode: 'CRD' })
      .constant('four', { type: 'float32', shape: [1, 4, 1, 1], values: [1, 2, 3, 4] })
      .output('y', 'int64', [3, 2])
      .output('shift', 'float32', [2])
      .output('deep', 'float32', [1, 1, 2, 2]),
  );
  const { y, shift, deep } = await session.run({ x: floats([-2, 1, -4, 3, 5, 6], [2, 3]) });
  expect([...(y?.data as BigInt64Array)]).toEqual([10n, -30n, -10n, -50n, 20n, -60n]);
  expect([...(shift?.data as Float32Array)]).toEqual([0.25, 0.5]);
  expect([...(deep?.data as Float32Array)]).toEqual([1, 2, 3, 4]);
  await session.release();
});

test('sizes of the input are at hand inside the model: Shape, Gather, Slice, Concat, Expand', async () => {
  const ints = (...values: number[]) => ({ type: 'int64', shape: [values.length], values }) as const;
  const session = await load(
    new OnnxModel()
      .input('ids', 'int64', ['batch', 'length'])
      .constant('first', ints(0))
      .constant('one', ints(1))
      .constant('size', ints(4))
      .constant('far', ints(2 ** 40))
      .constant('half', { type: 'float32', shape: [1, 1], values: [0.5] })
      .node('Shape', ['ids'], ['shape'])
      .node('Gather', ['shape', 'first'], ['batch'], { axis: 0 })
      .node('Concat', ['batch', 'size'], ['target'], { axis: 0 })
      .node('Expand', ['half', 'target'], ['logits'])
      .node('Slice', ['ids', 'one', 'far', 'one'], ['tail'])
      .output('logits', 'float32', ['batch', 4])
      .output('tail', 'int64', ['batch', 'rest']),
  );
  const ids = new Tensor('int64', BigInt64Array.of(7n, 8n, 9n, 10n, 11n, 12n), [2, 3]);
  const { logits, tail } = await session.run({ ids });
  expect(logits?.dims).toEqual([2, 4]);
  expect([...(tail?.data as BigInt64Array)]).toEqual([8n, 9n, 11n, 12n]);
  await session.release();
});

test('a branch is a model inside the model', async () => {
  const branch = (sign: number) =>
    new OnnxModel()
      .constant('sign', { type: 'float32', shape: [1], values: [sign] })
      .node('Mul', ['x', 'sign'], ['signed'])
      .output('signed', 'float32', [1]);
  const session = await load(
    new OnnxModel()
      .input('x', 'float32', [1])
      .input('flip', 'bool', [1])
      .node('If', ['flip'], ['y'], { then_branch: branch(-1), else_branch: branch(1) })
      .output('y', 'float32', [1]),
  );
  for (const [flip, expected] of [[1, -3] as const, [0, 3] as const]) {
    const { y } = await session.run({ x: floats([3], [1]), flip: new Tensor('bool', [flip === 1], [1]) });
    expect(y?.data[0]).toBe(expected);
  }
  await session.release();
});

for (const [type, value] of [
  ['float16', 1.5],
  ['float64', -2.25],
  ['int8', -3],
  ['uint8', 200],
  ['int32', -70_000],
  ['bool', 1],
] as const) {
  test(`a constant may be ${type}, and one value fills it`, async () => {
    const session = await load(
      new OnnxModel()
        .constant('c', { type, shape: [2, 2], values: [value] })
        .node('Cast', ['c'], ['y'], { to: 1 })
        .output('y', 'float32', [2, 2]),
    );
    const { y } = await session.run({});
    expect([...(y?.data as Float32Array)]).toEqual(Array(4).fill(value));
    await session.release();
  });
}

test('a wrong count of values and a fraction as an integer are told at once', () => {
  expect(() => new OnnxModel().constant('c', { type: 'int8', shape: [3], values: [1, 2] })).toThrow(
    'c [3] needs 3 values or one, not 2',
  );
  expect(() => new OnnxModel().node('LeakyRelu', ['x'], ['y'], { alpha: 0.5 })).toThrow(
    'attribute alpha: write { float: 0.5 }',
  );
});

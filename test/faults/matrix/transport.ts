import type { FaultProxy } from '../../support/fault-proxy.ts';
import type { Fault } from './cell.ts';

/** Does to the connection what `fault` says; false for a fault that the server itself has to have. */
export function breakConnection(proxy: FaultProxy, fault: Fault, midBytes: number): boolean {
  switch (fault) {
    case 'refused':
      proxy.refuse();
      proxy.dropAll();
      return true;
    case 'no first byte':
      proxy.down = { stallAfterBytes: 0 };
      return true;
    case 'stall':
      proxy.down = { stallAfterBytes: midBytes };
      return true;
    case 'reset mid-stream':
      proxy.down = { resetAfterBytes: midBytes };
      return true;
    case 'slow':
      // Longer than a turn waits for a memory, shorter than any deadline.
      proxy.down = { latencyMs: 250, jitterMs: 50, bytesPerSecond: 400_000, sliceBytes: 4_096 };
      return true;
    case 'garbage':
    case '429':
    case '500':
      return false;
  }
}

export async function healConnection(proxy: FaultProxy): Promise<void> {
  proxy.down = {};
  await proxy.accept();
}

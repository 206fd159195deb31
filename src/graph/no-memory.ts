import type { GraphDeps } from './graph.ts';

/** A turn that knows nobody and from which nothing is learned. */
export const noMemory: Pick<GraphDeps, 'memory' | 'learner' | 'summaries' | 'worthOf'> = {
  memory: {
    recall: async () => ({ memories: [], source: 'none' }),
    stale: () => ({ memories: [], source: 'none' }),
    used: () => undefined,
    profile: async () => [],
    staleProfile: () => [],
  },
  learner: { noticed: () => undefined },
  summaries: { wanted: () => undefined },
  worthOf: () => ({ importance: 0, skip: null }),
};

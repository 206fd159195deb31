import { type MicrophoneProblem, unavailability } from '../voice/microphone-problem.ts';
import { useAgent, useValue } from './agent-context.ts';

/** Why the microphone cannot be turned on here; null when it can be tried. */
export function useMicrophoneProblem(): MicrophoneProblem | null {
  const { session, surroundings } = useAgent();
  const { engines } = useValue(session.chat);
  return unavailability(surroundings, engines);
}

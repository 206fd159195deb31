import type { Config } from './config.ts';
import type { EngineStatus } from './engine-status.ts';
import type { EngineDeps } from './engines.ts';
import { type AdmissionCaps, CappedAdmission } from './resilience/capped-admission.ts';
import type { GuardView } from './resilience/guards.ts';
import { LoadMonitor } from './resilience/load-monitor.ts';
import { ProcessLoad } from './resilience/process-load.ts';

/** Engines that somebody waits for while they are spoken to. Learning may have as long a queue as it likes. */
const OF_TURNS = /^(llm|tts|stt):(?!.*:background$)/;

/**
 * What may begin, by the caps of the settings and by the load; the metrics show both.
 *
 * @param onChange called when the load becomes too much, and when it is over
 */
export function createAdmitting(
  { config, clock, telemetry, guards, resources }: EngineDeps,
  onChange: () => void,
) {
  const probe = resources.use(new ProcessLoad(() => waitingForEngines(guards.all())));
  const monitor = resources.use(
    new LoadMonitor({
      ...{ clock, probe },
      onChange: (overload) => {
        telemetry.loadChanged(overload);
        onChange();
      },
    }),
  );
  const admission = new CappedAdmission({
    caps: capsOf(config),
    overload: () => monitor.overload,
    onAsked: (kind, refusal) => telemetry.admissionAsked(kind, refusal),
  });
  telemetry.metrics.observe({
    connections: () => admission.connections,
    turns: () => admission.turns,
    load: () => monitor.load,
    isShedding: () => monitor.overload !== null,
    guards: () => guards.all(),
  });
  return {
    admission,
    /** To be called when everything is warm. */
    start: () => monitor.start(),
    statuses: () => statuses(admission, monitor),
  };
}

/** Nothing while everybody is let in. */
function statuses(admission: CappedAdmission, { overload }: LoadMonitor): EngineStatus[] {
  const status = { part: 'load', engine: 'admission' };
  if (admission.closing !== null) {
    return [{ ...status, detail: 'closing', state: 'failed', reason: admission.closing }];
  }
  if (overload === null) return [];
  const reason = `new connections and turns are refused until there is room: ${overload.text}`;
  return [{ ...status, detail: overload.signal, state: 'degraded', reason }];
}

function waitingForEngines(guards: readonly GuardView[]): number {
  let waiting = 0;
  for (const { name, load } of guards) if (OF_TURNS.test(name)) waiting += load.waiting;
  return waiting;
}

function capsOf(config: Config): AdmissionCaps {
  const { MAX_CONNECTIONS: connections, MAX_TURNS: turns } = config;
  // One key alone takes nothing from others.
  const share = config.API_KEYS.length > 1 ? 0.5 : 1;
  return {
    connections,
    connectionsPerKey: config.MAX_CONNECTIONS_PER_KEY ?? Math.ceil(connections * share),
    connectionsPerAddress: config.MAX_CONNECTIONS_PER_ADDRESS,
    turns,
    turnsPerKey: config.MAX_TURNS_PER_KEY ?? Math.ceil(turns * share),
  };
}

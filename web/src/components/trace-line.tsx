import type { TurnTrace } from '../chat/entry.ts';
import { duration, markLabel, stepLabel, traceSummary } from '../chat/trace-summary.ts';

/** Where the milliseconds of an answer went; one line until it is opened. */
export function TraceLine({ trace }: { readonly trace: TurnTrace }) {
  const { marks, degraded, nodes, waited_for: waitedFor, usage, cost } = trace;
  const ends = [...marks.map(({ at_ms }) => at_ms), ...nodes.map(({ end_ms }) => end_ms)];
  const lastMs = Math.max(...ends, 1);
  return (
    <details className="trace">
      <summary>{traceSummary(trace)}</summary>
      <table>
        <tbody>
          {marks.map(({ name, at_ms }) => (
            <tr key={name}>
              <th scope="row">{markLabel(name)}</th>
              <td>{duration(at_ms)}</td>
              <td className="trace-bar">
                <span style={barOf(0, at_ms, lastMs)} />
              </td>
            </tr>
          ))}
          {nodes.map(({ name, start_ms, end_ms }) => (
            <tr key={`node ${name}`} className="trace-node">
              <th scope="row">
                Step: {stepLabel(name)}
                {name === waitedFor && ' (waited for)'}
              </th>
              <td>{duration(end_ms - start_ms)}</td>
              <td className="trace-bar">
                <span style={barOf(Math.max(start_ms, 0), end_ms, lastMs)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        {usage.input_tokens} tokens in, {usage.output_tokens} out
        {cost !== null && cost.amount > 0 && ` · ${cost.amount.toFixed(5)} ${cost.currency}`}
      </p>
      {degraded.map(({ part, reason }) => (
        <p key={part}>
          Without {stepLabel(part)}: {reason}
        </p>
      ))}
    </details>
  );
}

/** From its start to its end; thin, but never invisible. */
function barOf(startMs: number, endMs: number, lastMs: number) {
  const left = Math.min((startMs / lastMs) * 100, 99);
  const width = Math.max(((endMs - startMs) / lastMs) * 100, 1);
  return { marginLeft: `${left}%`, width: `${Math.min(width, 100 - left)}%` };
}

import type { TurnTrace } from '../chat/entry.ts';
import { duration, markLabel, traceSummary } from '../chat/trace-summary.ts';

/** Where the milliseconds of an answer went; one line until it is opened. */
export function TraceLine({ trace }: { readonly trace: TurnTrace }) {
  const { marks, degraded, usage, cost } = trace;
  const lastMs = Math.max(...marks.map(({ at_ms }) => at_ms), 1);
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
                <span style={{ width: `${Math.max((at_ms / lastMs) * 100, 1)}%` }} />
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
          Without {part}: {reason}
        </p>
      ))}
    </details>
  );
}

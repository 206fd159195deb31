import { useState } from 'react';
import type { TranscriptFormat } from '../../../src/protocol/rest-conversations.ts';
import { useAgent } from './agent-context.ts';
import { DownloadIcon } from './icons.tsx';
import { Popup } from './popup.tsx';
import { saveFile } from './save-file.ts';

const FORMATS: readonly { readonly format: TranscriptFormat; readonly label: string }[] = [
  { format: 'md', label: 'Markdown' },
  { format: 'txt', label: 'Plain text' },
  { format: 'json', label: 'JSON' },
  { format: 'ndjson', label: 'JSON lines' },
  { format: 'vtt', label: 'Subtitles (WebVTT)' },
  { format: 'srt', label: 'Subtitles (SRT)' },
];

/** Downloads of what was said. */
export function TranscriptMenu({ id, title }: { readonly id: string; readonly title: string }) {
  const { session } = useAgent();
  const [problem, setProblem] = useState<string | null>(null);

  const download = async (format: TranscriptFormat) => {
    setProblem(null);
    try {
      const name = title.replace(/[^\p{L}\p{N} ._-]+/gu, '').trim() || id;
      saveFile(await session.doorway.rest.transcript(id, format), `${name}.${format}`);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };

  return (
    <Popup label="Download the transcript" className="icon-popup" button={<DownloadIcon />}>
      <h2>Transcript</h2>
      <ul className="menu">
        {FORMATS.map(({ format, label }) => (
          <li key={format}>
            <button type="button" onClick={() => void download(format)}>
              {label} <span className="muted">.{format}</span>
            </button>
          </li>
        ))}
      </ul>
      {problem !== null && (
        <p className="problem-text" role="alert">
          {problem}
        </p>
      )}
    </Popup>
  );
}

import { useState } from 'react';
import type { TranscriptFormat } from '../../../src/protocol/rest-conversations.ts';
import { useAgent } from './agent-context.ts';
import { DownloadIcon } from './icons.tsx';
import { Popup } from './popup.tsx';

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

  // A link cannot carry the key, so the file is fetched and handed over.
  const download = async (format: TranscriptFormat) => {
    setProblem(null);
    try {
      const url = URL.createObjectURL(await session.doorway.rest.transcript(id, format));
      const link = document.createElement('a');
      link.href = url;
      link.download = `${title.replace(/[^\p{L}\p{N} ._-]+/gu, '').trim() || id}.${format}`;
      link.click();
      URL.revokeObjectURL(url);
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

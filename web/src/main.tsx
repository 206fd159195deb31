import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { AgentSession } from './agent/agent-session.ts';
import { ConversationList } from './agent/conversation-list.ts';
import { followConversation } from './agent/follow-conversation.ts';
import { MemoryRest } from './api/memory-rest.ts';
import { openCapture } from './audio/browser-capture.ts';
import { openOutput } from './audio/browser-output.ts';
import { AgentContext } from './components/agent-context.ts';
import { App } from './components/app.tsx';
import { GuardBoard } from './guards/guard-board.ts';
import { followTurns } from './memory/follow-turns.ts';
import { MemoryBook } from './memory/memory-book.ts';
import './styles/theme.css';
import './styles/controls.css';
import './styles/layout.css';
import './styles/sidebar.css';
import './styles/conversation.css';
import './styles/microphone.css';
import './styles/dialogs.css';
import './styles/memory.css';

const session = new AgentSession({
  origin: location.origin,
  createSocket: ({ url, protocols }) => new WebSocket(url, [...protocols]),
  openOutput,
  openCapture,
  tabStorage: sessionStorage,
  storage: localStorage,
  // `crypto.randomUUID` does not exist on plain http in a home network.
  newId: () => `item_${[...crypto.getRandomValues(new Uint8Array(15))].map(toHex).join('')}`,
});
const surroundings = {
  isSecureContext,
  // Not there on plain http, whatever the types say.
  hasMicrophones: 'mediaDevices' in navigator,
  origin: location.origin,
};
const list = new ConversationList(session.doorway.rest);
followConversation(session, list);
const memory = new MemoryBook({
  rest: new MemoryRest(session.doorway.rest),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
followTurns(session, memory);
const guards = new GuardBoard(session.doorway.rest);

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root.');
createRoot(root).render(
  <StrictMode>
    <AgentContext value={{ session, list, memory, guards, surroundings }}>
      <App />
    </AgentContext>
  </StrictMode>,
);

function toHex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

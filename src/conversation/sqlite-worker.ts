import { serveDatabase } from '../sqlite/serve-database.ts';
import { ConversationDatabase } from './conversation-database.ts';

serveDatabase((options) => new ConversationDatabase(options));

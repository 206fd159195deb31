import { serveDatabase } from '../../sqlite/serve-database.ts';
import { MemoryDatabase } from './memory-database.ts';

serveDatabase((options) => new MemoryDatabase(options));

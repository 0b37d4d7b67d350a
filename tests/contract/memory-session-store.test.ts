import { MemorySessionStore } from '../../transports/stores/memory-session-store.js';
import { sessionStoreContract } from './session-store.js';

sessionStoreContract('memory', () => ({ store: new MemorySessionStore(), close: () => undefined }));

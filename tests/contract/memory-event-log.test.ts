import { randomUUID } from 'node:crypto';
import { MemoryEventLog } from '../../transports/stores/memory-event-log.js';
import { eventLogContract } from './event-log.js';

eventLogContract('memory', (window) => {
  const log = new MemoryEventLog(window);
  const sessions: string[] = [];
  return {
    log,
    openSession() {
      const session = randomUUID();
      sessions.push(session);
      return session;
    },
    close() {
      for (const session of sessions) log.drop(session);
    },
  };
});

import { jest } from '@jest/globals';

// A machine that others use too may keep a process waiting longer than any limit here. What fails is told, and tried
// once more; what fails twice has failed.
if (process.env.CI !== undefined) jest.retryTimes(1, { logErrorsBeforeRetry: true });

import type { RunRow } from './run-state.ts'

/** A run of which nothing has happened yet; `start` starts it. */
export function newRun(named: Pick<RunRow, 'id' | 'workflow' | 'version'>): RunRow {
  return {
    ...named,
    path: '',
    type: 'RUN',
    status: 'PENDING',
    attempt: 1,
    error: null,
    isPaused: false,
    ending: null,
    ended: 0,
    undoneTo: null,
    startedAt: null,
    finishedAt: null,
    timeoutAt: null,
    wakeAt: null,
    seq: 0,
    completions: 0,
  }
}

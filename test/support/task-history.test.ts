import { describe, expect, test } from 'vitest'
import { type History, type HistoryEvent, type HistoryTask, historyProblems } from './task-history.ts'

const TASK: HistoryTask = {
  id: 't',
  status: 'COMPLETED',
  version: 3,
  waitingOn: 0,
  attempt: 1,
  epoch: 1,
  isResumed: false,
  isClaimable: false,
}
const CREATED: HistoryEvent = { id: 1, taskId: 't', kind: 'TaskCreated', version: 1, status: 'READY' }
const STARTED: HistoryEvent = { id: 2, taskId: 't', kind: 'TaskStarted', version: 2, status: 'RUNNING' }
const COMPLETED: HistoryEvent = { id: 3, taskId: 't', kind: 'TaskCompleted', version: 3, status: 'COMPLETED' }
const SOUND: History = {
  events: [CREATED, STARTED, COMPLETED],
  tasks: [TASK],
  attempts: [{ taskId: 't', number: 1, epoch: 1, outcome: 'COMPLETED' }],
  dependencies: [],
}
const OTHER: HistoryTask = { ...TASK, id: 'o', status: 'PENDING', version: 1, waitingOn: 1, attempt: 0, epoch: 0 }
const WAITS: History = {
  events: [...SOUND.events, { ...CREATED, id: 4, taskId: 'o', status: 'PENDING' }],
  tasks: [TASK, OTHER],
  attempts: SOUND.attempts,
  dependencies: [{ taskId: 'o', dependsOnId: 't', state: 'PENDING' }],
}

describe('the checker of histories', () => {
  test('finds nothing wrong with a plain success', () => {
    expect(historyProblems(SOUND)).toEqual([])
  })

  test.each<[string, History, RegExp]>([
    ['a version twice', { ...SOUND, events: [CREATED, STARTED, { ...COMPLETED, version: 2 }] }, /has version 2/],
    ['a version left out', { ...SOUND, events: [CREATED, COMPLETED] }, /event 2 in id order/],
    [
      'ids against the versions',
      { ...SOUND, events: [CREATED, { ...STARTED, id: 3 }, { ...COMPLETED, id: 2 }] },
      /in id order/,
    ],
    ['two births', { ...SOUND, events: [CREATED, { ...CREATED, id: 2, version: 2 }] }, /created again/],
    ['no birth', { ...SOUND, events: [] }, /begins with undefined/],
    [
      'a move that is none',
      { ...SOUND, events: [CREATED, { ...STARTED, kind: 'TaskCompleted', status: 'COMPLETED' }] },
      /no move does/,
    ],
    [
      'a second completion',
      { ...SOUND, events: [...SOUND.events, { ...COMPLETED, id: 4, version: 4 }] },
      /completed 2 times/,
    ],
    ['a row behind its log', { ...SOUND, tasks: [{ ...TASK, version: 2 }] }, /has version 2, its log ends with 3/],
    ['a row of another status', { ...SOUND, tasks: [{ ...TASK, status: 'FAILED' }] }, /its log ends as COMPLETED/],
    [
      'an open attempt of an ended task',
      { ...SOUND, attempts: [{ ...SOUND.attempts[0]!, outcome: null }] },
      /open attempts \[1\]/,
    ],
    ['an attempt that is missing', { ...SOUND, attempts: [] }, /counts 1 attempts, has 0/],
    ['an epoch that nobody claimed', { ...SOUND, tasks: [{ ...TASK, epoch: 2 }] }, /epoch 2 after 1 claims/],
    ['a task in the queue that has ended', { ...SOUND, tasks: [{ ...TASK, isClaimable: true }] }, /is claimable: true/],
    ['events without a row', { ...SOUND, tasks: [] }, /has events but no row/],
    ['a lost wake-up', WAITS, /still waits for t, which has ended/],
    ['a wrong count', { ...WAITS, dependencies: [] }, /waits on 1, but 0 are open/],
  ])('sees %s', (_what, history, problem) => {
    expect(historyProblems(history).join('\n')).toMatch(problem)
  })
})

import type { ClientBase } from 'pg'
import { expect, test } from 'vitest'
import { newUuid } from '../../src/task/type-id.ts'
import { takeMessages } from '../../src/workflow/store/inbox.ts'
import { lockRunsToStep } from '../../src/workflow/store/runs.ts'
import { readOpenSteps, readStepsAtHand, writeSteps } from '../../src/workflow/store/step-runs.ts'
import { planDatabase, readBy } from '../support/plans.ts'

const pool = await planDatabase()

const id = newUuid()
const nothing = { rows: [], removed: [], emptied: [], cleared: [], items: new Map() }

test.each([
  ['runs to step', (client: ClientBase) => lockRunsToStep(client, 100), ['run_inbox_pkey', 'workflow_run_wake_idx']],
  ['what came', (client: ClientBase) => takeMessages(client, 'default', [id]), ['run_inbox_run_idx']],
  [
    'steps at hand',
    (client: ClientBase) => readStepsAtHand(client, 'default', [{ runId: id, mostTurns: 11 }]),
    ['step_run_open_idx', 'step_run_turn_idx'],
  ],
  [
    'open steps',
    (client: ClientBase) => readOpenSteps(client, 'default', [id]),
    ['step_run_open_idx', 'step_run_turn_idx'],
  ],
  [
    'a queue that is emptied',
    (client: ClientBase) => writeSteps(client, 'default', [{ runId: id, changes: { ...nothing, emptied: ['a'] } }]),
    ['step_run_turn_idx'],
  ],
] as const)('%s: found by index', async (_, call, indexes) => {
  const found = await readBy(pool, call)
  expect(found.filter((name) => /^run_inbox|^step_run|wake/.test(name))).toEqual([...indexes])
})

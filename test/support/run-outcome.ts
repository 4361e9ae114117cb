import { expect } from 'vitest'
import type { RunEvent } from '../../src/workflow/run/run-event.ts'
import type { EngineFixture } from './engine-fixture.ts'
import { replay } from './replay.ts'

/** What came of a run, the same for every run of the workflow with the same input: its rows, its tasks, its children; its events tell the same. */
export async function outcomeOf(rowsOf: EngineFixture['rowsOf'], runId: string) {
  const [run] = await rowsOf(`SELECT status, output, error FROM workflow_run WHERE id = '${runId}'`)
  const steps = await rowsOf(`SELECT path, status, attempt FROM step_run WHERE run_id = '${runId}' ORDER BY path`)
  const tasks = await rowsOf(
    `SELECT step_path, status, count(*)::int FROM task WHERE run_id = '${runId}' GROUP BY 1, 2 ORDER BY 1, 2`,
  )
  const children = await rowsOf(`SELECT status, output FROM workflow_run WHERE parent_run_id = '${runId}'`)
  const events = await rowsOf(`SELECT kind, version AS seq, payload FROM event WHERE run_id = '${runId}' ORDER BY id`)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  const told = replay(events.map(({ payload, ...event }) => ({ ...event, ...payload }) as RunEvent))
  expect([...told.steps].map(([path, { status }]) => `${path} ${status}`).toSorted()).toEqual(
    steps.map(({ path, status }) => `${path} ${status}`).toSorted(),
  )
  expect(await rowsOf(`SELECT * FROM run_inbox WHERE run_id = '${runId}'`)).toEqual([])
  return { run, steps, tasks, children }
}

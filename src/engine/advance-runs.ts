import type { ClientBase } from 'pg'
import { takeMessages } from '../workflow/store/inbox.ts'
import { lockRunsToStep } from '../workflow/store/runs.ts'
import { ringBells } from './apply.ts'
import type { Actor } from './engine.ts'
import type { RunEngine } from './run-tools.ts'
import { type RunsStepped, ringRuns, stepRuns } from './step-runs.ts'
import { transact } from './transact.ts'

/** Most runs that one transaction steps, so that none of them is held long. */
const BATCH = 100

/** Who makes the tasks of runs, as they show it. */
export const RUNNER = 'workflows'

/**
 * Steps every run for which something has happened or a time has come. Any number of processes may do so at once: each run is
 * held by one of them.
 *
 * @returns how many steps of runs were made
 */
export async function advanceRuns(engine: RunEngine): Promise<number> {
  let total = 0
  for (;;) {
    const advanced = await transact(engine, (client) => advanceBatch(client, engine))
    if (advanced === null) return total
    ringBells(engine, advanced.applied)
    ringRuns(engine, advanced)
    total += advanced.stepped.length
  }
}

async function advanceBatch(client: ClientBase, { runs: tools }: RunEngine): Promise<RunsStepped | null> {
  const due = await lockRunsToStep(client, BATCH)
  const tenant = due.runs[0]?.tenant
  if (tenant === undefined) return null
  // One tenant at a time: events come last, after the locks of all that follows.
  const runs = due.runs.filter((run) => run.tenant === tenant)
  const messages = await takeMessages(
    client,
    tenant,
    runs.map(({ row }) => row.id),
  )
  const actor: Actor = { tenant, name: RUNNER }
  const wanted = runs.map((run) => ({ run, commands: messages.get(run.row.id)! }))
  return stepRuns(client, tools, actor, wanted, due.now)
}

import { expect, test } from 'vitest'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { newUuid } from '../../src/task/type-id.ts'
import type { TestEngine } from './engine.ts'
import { type EngineFixture, engineFixture } from './engine-fixture.ts'
import { type Failpoint, failingPool } from './failing-pool.ts'
import { expectWholeHistory } from './whole-history.ts'

/** A verb that is about to be called: on which engine it runs is the test's to say. */
export interface Prepared {
  act(on: TestEngine): Promise<unknown>
  /** Statuses once it has worked, by task. */
  readonly expected: Readonly<Record<string, string>>
  /** Retention: tasks and their events go by rules of their own, so that a history is no longer whole. */
  readonly isForgetting?: boolean
}

/** Calls of verbs by their names, each prepared anew for every place where its connection is cut. */
export type Scenarios = Readonly<Record<string, () => Promise<Prepared>>>

/** What tests of failpoints stand on. */
export interface FailpointFixture extends EngineFixture {
  /** A task that runs. */
  running(task?: Partial<NewTask>, workerId?: string): Promise<ClaimedTask>
  /** A task that depends on another. */
  waitingFor(id: string, kind?: 'COMPLETION' | 'DATA'): Promise<string>
  /** Calls the verb on connections that are cut at the failpoint, if one is given. */
  attempt(prepared: Prepared, failpoint: Failpoint | null): Promise<Attempt>
  /** One test for each: the connection is cut before and after every statement of the call. */
  testScenarios(scenarios: Scenarios): void
}

export interface Attempt {
  /** What the verb sent. */
  readonly statements: readonly string[]
  /** What it threw, or null. */
  readonly error: unknown
}

export async function failpointFixture(): Promise<FailpointFixture> {
  const fixture = await engineFixture()
  const { engine, verbs } = fixture
  return {
    ...fixture,
    async running(task = {}, workerId = verbs.workerId) {
      const queue = newUuid()
      await verbs.createOne({ ...task, queue })
      const claim = await claimTasks(engine, { tenant: 'default', workerId, queue, types: ['work'], limit: 1 })
      return claim.tasks[0]!
    },
    waitingFor(id, kind = 'COMPLETION') {
      const dependency = kind === 'DATA' ? { taskId: id, kind, inputField: 'found' } : { taskId: id, kind }
      return verbs.createOne({ queue: 'none', dependsOn: [dependency] })
    },
    attempt: (prepared, failpoint) => attempt(fixture, prepared, failpoint),
    testScenarios(scenarios) {
      test.each(Object.entries(scenarios))(
        '%s leaves nothing half done wherever the connection is cut, and works when it is repeated',
        (_name, prepare) => cutEverywhere(fixture, prepare),
      )
    },
  }
}

async function cutEverywhere(fixture: EngineFixture, prepare: () => Promise<Prepared>): Promise<void> {
  const whole = await attempt(fixture, await prepare(), null)
  expect(whole.error).toBeNull()
  const lasting = lastingOf(whole.statements)
  for (const [index, isLasting] of lasting.entries()) {
    for (const when of ['before', 'after'] as const) {
      await empty(fixture)
      const prepared = await prepare()
      const before = await dump(fixture)
      const { error } = await attempt(fixture, prepared, { statement: index + 1, when })
      expect(error, `${when} ${whole.statements[index]}`).toBeInstanceOf(Error)
      const isUntouched = !lasting.slice(0, index).includes(true) && !(isLasting && when === 'after')
      if (isUntouched) expect(await dump(fixture)).toBe(before)
      if (!prepared.isForgetting) await expectWholeHistory(fixture.database.pool)
      await prepared.act(fixture.engine)
      if (!prepared.isForgetting) await expectWholeHistory(fixture.database.pool)
      expect(await statusesOf(fixture, Object.keys(prepared.expected))).toEqual(prepared.expected)
    }
  }
}

async function attempt(
  { database, engine }: EngineFixture,
  prepared: Prepared,
  failpoint: Failpoint | null,
): Promise<Attempt> {
  const failing = failingPool(database.url, database.pool, failpoint)
  const error = await prepared.act({ ...engine, db: failing.pool }).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  await failing.end()
  return { statements: failing.statements, error }
}

/** Everything that the database holds, as one text. */
async function dump({ rowsOf }: EngineFixture): Promise<string> {
  const parts = DUMPED.map((table) => `(SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM "${table}" AS t)`)
  return (await rowsOf(`SELECT concat_ws('|', ${parts.join(', ')}) AS dump`))[0].dump
}

/** What the round before left would only make the dumps slower. */
async function empty({ rowsOf }: EngineFixture): Promise<void> {
  for (const table of EMPTIED) await rowsOf(`DELETE FROM "${table}"`)
}

async function statusesOf({ database }: EngineFixture, ids: readonly string[]): Promise<Record<string, string>> {
  const { rows } = await database.pool.query('SELECT id, status FROM task WHERE id = ANY ($1)', [ids])
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]))
}

/** Which of a verb's statements make something lasting: the COMMITs and what runs outside a transaction. */
function lastingOf(statements: readonly string[]): boolean[] {
  let isOpen = false
  return statements.map((text) => {
    if (text.startsWith('BEGIN')) isOpen = true
    if (text !== 'COMMIT') return !isOpen
    isOpen = false
    return true
  })
}

const DUMPED = [
  'task',
  'task_dependency',
  'task_unique_key',
  'unsettled_task',
  'attempt',
  'event',
  'worker',
  'task_type',
  'idempotency_key',
  'task_log',
  'event_log',
  'schedule',
  'schedule_fire',
  'backfill',
  'worker_request',
  'event_wait',
  'received_event',
  'workflow_run',
  'step_run',
  'run_inbox',
  'trigger',
  'trigger_firing',
]

const EMPTIED = [
  'trigger_firing',
  'trigger',
  'event_wait',
  'received_event',
  'schedule_fire',
  'backfill',
  'task',
  'run_inbox',
  'workflow_run',
  'schedule',
  'event',
  'task_log',
  'idempotency_key',
  'worker_request',
]

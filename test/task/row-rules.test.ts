import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TASK_PRIORITIES, TASK_STATUSES } from '../../src/task/status.ts'
import { MOVING_COLUMNS } from '../../src/task/store/columns.ts'
import type { TaskState } from '../../src/task/task-state.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { brokenRules, holdsRowRules, ROW_RULES } from '../support/row-rules.ts'
import { sized } from '../support/size.ts'
import { BOOM } from '../support/task-samples.ts'
import { births, START, steps, WORKER_ID, walk } from '../support/task-walk.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.pool.query(`
    INSERT INTO task_type (name) VALUES ('work');
    -- Really inserts, and takes it back: the constraint that refuses a row, or nothing.
    CREATE FUNCTION refusal_of(given JSONB) RETURNS TEXT LANGUAGE plpgsql AS $$
    DECLARE name TEXT;
    BEGIN
      INSERT INTO task SELECT * FROM jsonb_populate_record(NULL::task, given);
      RAISE EXCEPTION 'kept' USING ERRCODE = 'P0001';
    EXCEPTION
      WHEN check_violation THEN GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME; RETURN name;
      WHEN raise_exception THEN RETURN NULL;
    END $$`)
})
afterAll(() => database.drop())

function rowOf(state: TaskState): Record<string, unknown> {
  const moving = MOVING_COLUMNS.map(({ name, type, of }) => {
    const value = of(state)
    return [name, type === 'jsonb' && typeof value === 'string' ? JSON.parse(value) : value]
  })
  return {
    ...Object.fromEntries(moving),
    tenant: state.tenant,
    id: state.id,
    type: 'work',
    name: 'a',
    queue: 'default',
    created_at: START,
    updated_at: START,
    tags: [],
    labels: {},
    generation: 0,
    limits: state.limits,
    placement: state.placement,
    order_key: state.isClaimable || state.blockedOn !== null ? 1 : null,
    queue_timeout_ms: state.timeouts.queueMs,
    attempt_timeout_ms: state.timeouts.attemptMs,
    total_timeout_ms: state.timeouts.totalMs,
    heartbeat_timeout_ms: state.timeouts.heartbeatMs,
  }
}

/** For each state the CHECK that refuses it, or null. */
async function refusalsOf(states: readonly TaskState[]): Promise<(string | null)[]> {
  const { rows } = await database.pool.query(
    'SELECT refusal_of(v) AS refusal FROM jsonb_array_elements($1) WITH ORDINALITY AS e(v, n) ORDER BY n',
    [JSON.stringify(states.map(rowOf))],
  )
  return rows.map(({ refusal }) => refusal)
}

const times = fc.constantFrom(null, START)
const counts = fc.constantFrom(-1, 0, 1, 2)
const limits = fc.constantFrom(null, -1, 0, 1)

/** Any single value that a field may take, legal or not. */
const changes: fc.Arbitrary<Partial<TaskState>> = fc.oneof(
  fc.record({ status: fc.constantFrom(...TASK_STATUSES) }),
  fc.record({ priority: fc.constantFrom(...TASK_PRIORITIES) }),
  fc.record({ version: counts }),
  fc.record({ waitingOn: counts }),
  fc.record({ attempt: counts, epoch: counts }),
  fc.record({ failures: counts }),
  fc.record({ losses: counts }),
  fc.record({ elapsedMs: counts }),
  fc.record({ workerId: fc.constantFrom(null, WORKER_ID) }),
  fc.record({ claimedAt: times }),
  fc.record({ wakeAt: times }),
  fc.record({ waitKey: fc.constantFrom(null, 'answer') }),
  fc.record({ pausedFrom: fc.constantFrom(null, 'READY' as const) }),
  fc.record({ status: fc.constant('WAITING' as const), wakeAt: times, waitKey: fc.constantFrom(null, 'answer') }),
  fc.record({ readyAt: times }),
  fc.record({ finishedAt: times }),
  fc.record({ isClaimable: fc.boolean() }),
  fc.record({ blockedOn: fc.constant('key:a'), isClaimable: fc.boolean() }),
  fc.record({ limits: fc.constant([{ key: 'key:a', slots: 1 }]) }),
  fc.record({ error: fc.constantFrom(null, BOOM) }),
  fc.record({
    progress: fc.constantFrom(null, ...[-0.5, 0, 1, 1.5].map((fraction) => ({ fraction, message: null }))),
  }),
  fc.record({
    timeouts: fc.record({ queueMs: limits, attemptMs: limits, totalMs: limits, heartbeatMs: limits }),
  }),
)

/** States that a walk reaches, with a few fields changed at will. */
const states = fc
  .tuple(births, fc.array(steps, { maxLength: 12 }), fc.array(changes, { maxLength: 3 }))
  .map(([birth, path, changed]): TaskState => Object.assign({}, walk(birth, path).end, { id: newUuid() }, ...changed))

test('the rules of the tests are the CHECKs of the table: both keep and refuse the same rows', async () => {
  const met = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(states, { minLength: 100, maxLength: 200, size: 'max' }), async (list) => {
      for (const [index, refusal] of (await refusalsOf(list)).entries()) {
        const state = list[index]!
        expect(holdsRowRules(state), refusal ?? 'kept').toBe(refusal === null)
        if (refusal === null) continue
        expect(brokenRules(state)).toContain(refusal)
        met.add(refusal)
      }
    }),
    { numRuns: sized(20, 500), endOnFailure: true },
  )
  expect([...met].sort()).toEqual(Object.keys(ROW_RULES).sort())
})

test('every CHECK of the table is among them, but those on what no decision looks at', async () => {
  const { rows } = await database.pool.query(
    `SELECT conname FROM pg_constraint WHERE conrelid = 'task'::regclass AND contype = 'c' ORDER BY conname`,
  )
  const others = ['task_output_only_when_completed', 'task_missed_a_deadline', 'task_of_a_run_is_of_a_step']
  const names = rows.map(({ conname }) => conname).filter((name) => !others.includes(name))
  expect(names).toEqual(Object.keys(ROW_RULES).sort())
})

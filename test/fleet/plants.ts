import type { Random } from '../support/random.ts'
import type { Trouble } from './monkey.ts'
import type { Edit } from './source-tree.ts'
import { type PlannedTask, planLate, planQuick, planTight, planWorkload } from './workload.ts'

/** A bug that looks right, planted in a copy of the source. */
export interface Plant {
  readonly name: string
  readonly edits: readonly Edit[]
  /** Shown in the usual run of the tests, too. */
  readonly isUsual?: true
  /** The work and the troubles that bring it to light. */
  readonly plan: (random: Random) => PlannedTask[]
  /** Tasks that wait or run at once, about; many unless it says so. */
  readonly mostOpen?: number
  readonly troubles: readonly Trouble[]
  /** What the checker then says, among other things. */
  readonly seenAs: RegExp
}

const COMPLETE = 'src/task/store/complete-tasks.ts'
const CLAIM = 'src/task/store/claim-tasks.ts'
const END = 'src/engine/end-attempts.ts'
const APPLY = 'src/engine/apply.ts'
const POOL = 'src/pool/store.ts'
const ADMIT = 'src/engine/admit-tasks.ts'

const noEpochInSql: Edit = {
  file: COMPLETE,
  from: `t."status" = 'RUNNING' AND t."epoch" = \${given.epoch}`,
  to: `t."status" = 'RUNNING' AND \${given.epoch} IS NOT NULL`,
}
const noEpochInMoves: Edit = {
  file: 'src/task/transition.ts',
  from: `(task.status !== 'RUNNING' || task.epoch !== command.epoch)`,
  to: `task.status !== 'RUNNING'`,
}
const noSkipLocked: Edit = {
  file: CLAIM,
  from: 'LIMIT $5 FOR NO KEY UPDATE OF t SKIP LOCKED',
  to: 'LIMIT $5 FOR NO KEY UPDATE OF t',
}
/** What was locked is found again by where it lies, which alone would hide a version that a rival has just written: hence the second. */
const noSecondLook: readonly Edit[] = [
  {
    file: CLAIM,
    from: `WHERE t.ctid = ANY (ARRAY(SELECT "place" FROM candidate)) AND t."is_claimable"`,
    to: `WHERE t."tenant" = $1 AND t."id" = ANY (ARRAY(SELECT "id" FROM candidate))`,
  },
  {
    file: CLAIM,
    from: `WHERE t.ctid = ANY ((SELECT "places" FROM lease)::tid[])`,
    to: `WHERE t."tenant" = $1 AND t."id" = ANY ((SELECT "ids" FROM lease)::uuid[])`,
  },
]

export const PLANTS: readonly Plant[] = [
  {
    name: 'no epoch check where successes are written',
    edits: [noEpochInSql],
    plan: (random) => planLate(random, 250),
    mostOpen: 25,
    troubles: ['freeze'],
    seenAs: /keeps the output of epoch/,
  },
  {
    name: 'no epoch check in the moves',
    edits: [
      noEpochInMoves,
      {
        file: END,
        from: 'return workerId === undefined || task.workerId === workerId',
        to: 'return workerId === undefined || task.workerId !== undefined',
      },
    ],
    plan: (random) => planLate(random, 250),
    mostOpen: 25,
    troubles: ['freeze'],
    seenAs: /keeps the output of epoch|did not tell/,
  },
  {
    name: 'slots that are counted down by whoever reports an end, not by the lease that owns them',
    edits: [
      {
        file: END,
        from: `const successes = await completeTasks(`,
        to: `await deleteSlots(client, actor.tenant, idsOf(ends))
      const successes = await completeTasks(`,
      },
      {
        file: END,
        from: `import { transact } from './transact.ts'`,
        to: `import { transact } from './transact.ts'
import { deleteSlots } from '../pool/store.ts'`,
      },
    ],
    plan: (random) => planLate(random, 250),
    mostOpen: 25,
    troubles: ['freeze'],
    seenAs: /slots taken at event/,
  },
  {
    name: 'slots that only a worker gives back, so that a lost one takes them along',
    edits: [
      {
        file: APPLY,
        from: `before.limits !== null && ownsSlots(before) && !ownsSlots(after) ? [before.id] : []`,
        to: `before.limits !== null && ownsSlots(before) && !ownsSlots(after) && after.status !== 'READY' ? [before.id] : []`,
      },
    ],
    plan: (random) => planTight(random, 200),
    troubles: ['kill'],
    seenAs: /never ended|still owns a slot/,
  },
  {
    name: 'slots that two deciders count at once, with nothing in the database to refuse the second',
    edits: [
      { file: ADMIT, from: 'await lockLimits(client, tenant, keys)', to: '' },
      {
        file: ADMIT,
        from: `import { deleteSlots, insertSlots, lockLimits, readLimits, readSlots } from`,
        to: `import { deleteSlots, insertSlots, readLimits, readSlots } from`,
      },
      {
        file: POOL,
        from: `SELECT $1, v.* FROM unnest($2::text[], $3::int[], $4::uuid[]) AS v\``,
        to: `SELECT $1, v.* FROM unnest($2::text[], $3::int[], $4::uuid[]) AS v ON CONFLICT DO NOTHING\``,
      },
    ],
    plan: (random) => planTight(random, 500),
    troubles: ['kill'],
    seenAs: /slots taken at event/,
  },
  {
    name: 'admission that takes no notice of owned slots',
    edits: [
      {
        file: ADMIT,
        from: 'const taken = slots.filter((slot) => slot.key === key && !unclaimed.has(slot.taskId))',
        to: 'const taken = slots.filter((slot) => slot.key === key && unclaimed.has(slot.taskId))',
      },
      {
        file: POOL,
        from: `SELECT $1, v.* FROM unnest($2::text[], $3::int[], $4::uuid[]) AS v\``,
        to: `SELECT $1, v.* FROM unnest($2::text[], $3::int[], $4::uuid[]) AS v ON CONFLICT DO NOTHING\``,
      },
    ],
    plan: (random) => planTight(random, 200),
    troubles: ['kill'],
    seenAs: /slots taken at event/,
  },
  {
    name: 'claims that wait for rows',
    edits: [noSkipLocked],
    plan: (random) => planQuick(random, 100),
    troubles: ['kill'],
    seenAs: /claims waited/,
  },
  {
    name: 'claims that do not look again under the lock',
    isUsual: true,
    edits: noSecondLook,
    plan: (random) => planQuick(random, 1_200),
    troubles: ['kill'],
    seenAs: /TaskStarted took it from RUNNING/,
  },
  {
    name: 'claims that wait for rows and do not look again',
    edits: [noSkipLocked, ...noSecondLook],
    plan: (random) => planQuick(random, 1_200),
    troubles: ['kill'],
    seenAs: /TaskStarted took it from/,
  },
  {
    name: 'a rescue that takes tasks from workers that live',
    edits: [
      {
        file: 'src/worker/store/leases.ts',
        from: `gone."state" IN ('LOST', 'STOPPED')`,
        to: `gone."state" IN ('LOST', 'STOPPED', 'ACTIVE')`,
      },
    ],
    plan: (random) => planLate(random, 60),
    troubles: ['pause'],
    seenAs: /which was alive/,
  },
  {
    name: 'a dependent that starts when the first of those it waits for has ended',
    edits: [
      {
        file: 'src/engine/settle-dependents.ts',
        from: `{ kind: 'settle', settled: list.length, unmet }`,
        to: `{ kind: 'settle', settled: before.waitingOn, unmet }`,
      },
    ],
    plan: (random) => planWorkload(random, 200),
    troubles: ['kill'],
    seenAs: /ran before|ran with its dependency/,
  },
]

import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { sendLast } from '../infra/with-transaction.ts'
import type { RunCommand } from '../workflow/run/command.ts'
import type { Effect } from '../workflow/run/effect.ts'
import type { RunEvent } from '../workflow/run/run-event.ts'
import { step } from '../workflow/run/step.ts'
import { tellRuns } from '../workflow/store/inbox.ts'
import { Knowledge, readNeeds } from '../workflow/store/needs.ts'
import { type LockedRun, writeRuns } from '../workflow/store/runs.ts'
import { readOpenSteps, writeSteps } from '../workflow/store/step-runs.ts'
import { versionKey } from '../workflow/store/workflows.ts'
import type { Applied } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { carryOut } from './run-effects.ts'
import type { RunTools } from './run-tools.ts'
import type { SteppedRun } from './stepped-run.ts'

/** A run whose lock the caller holds, and what it is to take in. */
export interface RunToStep {
  readonly run: LockedRun
  readonly commands: readonly RunCommand[]
}

/** What a committed step of runs means for others. */
export interface RunsStepped {
  readonly applied: Applied
  /** Runs have something to take in, or turns left: ring `runs`. */
  readonly hasMore: boolean
  readonly stepped: readonly SteppedRun[]
}

/** A call may ask for more once it knows more: for a value, then for what that leads to. */
const MOST_ROUNDS = 1_000

/**
 * Steps runs of one tenant and carries out all that follows, in the caller's transaction: rows, tasks, waits, child runs, and last the events.
 *
 * Statements do not grow with the number of runs. Locks: the tasks that are cancelled, by id; the caller holds the runs.
 */
export async function stepRuns(
  client: ClientBase,
  tools: RunTools,
  actor: Actor,
  runs: readonly RunToStep[],
  now: Date,
): Promise<RunsStepped> {
  const { tenant } = actor
  const stepped = await decide(client, tools, tenant, runs, now)
  await Promise.all([
    writeSteps(
      client,
      tenant,
      stepped.map(({ run, outcome }) => ({ runId: run.row.id, changes: outcome.changes })),
    ),
    writeRuns(
      client,
      tenant,
      stepped.map((one) => rowOf(one, now)),
    ),
  ])
  const done = await carryOut(client, tools, actor, stepped, now)
  await tellRuns(client, tenant, done.messages)
  const events = [
    ...stepped.flatMap(({ run, outcome }) => outcome.events.map((event) => eventOf(run, actor, event))),
    ...done.events,
  ]
  if (events.length > 0) sendLast(client, appendEvents(client, events))
  return {
    applied: { ...done.applied, hasEvents: done.applied.hasEvents || events.length > 0 },
    hasMore: done.messages.length > 0 || stepped.some(({ outcome }) => outcome.hasMore),
    stepped,
  }
}

/** Calls the step function until it has all that it asks for, of all runs together. */
async function decide(
  client: ClientBase,
  tools: RunTools,
  tenant: string,
  runs: readonly RunToStep[],
  now: Date,
): Promise<SteppedRun[]> {
  const versionOf = ({ workflowId, row }: LockedRun) => ({ workflowId, number: row.version })
  const [plans, open] = await Promise.all([
    tools.plansOf(
      client,
      tenant,
      runs.map(({ run }) => versionOf(run)),
    ),
    readOpenSteps(
      client,
      tenant,
      runs.map(({ run }) => run.row.id),
    ),
  ])
  const known = new Map(runs.map(({ run }) => [run.row.id, new Knowledge()]))
  const stepped = new Map<string, SteppedRun>()
  let asking = runs
  for (let round = 0; asking.length > 0; round++) {
    if (round === MOST_ROUNDS) throw new Error(`The run ${asking[0]!.run.row.id} asks for ever more to be read`)
    const needs = asking.flatMap(({ run, commands }) => {
      const { id } = run.row
      const plan = plans.get(versionKey(versionOf(run)))!
      const context = { ...tools.context, known: known.get(id)! }
      const outcome = step(plan, { run: run.row, steps: open.get(id)! }, { commands, now, context })
      if (outcome.kind === 'needs') return [{ runId: id, needs: outcome.needs }]
      stepped.set(id, { run, plan, outcome })
      return []
    })
    await readNeeds(client, tenant, needs, known)
    asking = asking.filter(({ run }) => !stepped.has(run.row.id))
  }
  return runs.map(({ run }) => stepped.get(run.row.id)!)
}

/** A run with turns left is due at once: whoever steps runs next finds it. */
function rowOf({ run, outcome }: SteppedRun, now: Date) {
  const { run: row, hasMore, effects } = outcome
  const end = effects.find((effect): effect is Extract<Effect, { kind: 'endRun' }> => effect.kind === 'endRun')
  return {
    id: run.row.id,
    row: hasMore ? { ...row, wakeAt: now } : row,
    output: end?.status === 'COMPLETED' ? end.output : undefined,
  }
}

function eventOf({ tenant, row }: LockedRun, { name }: Actor, { seq, kind, ...payload }: RunEvent): NewEvent {
  const said = Object.keys(payload).length === 0 ? null : JSON.parse(JSON.stringify(payload))
  return { tenant, kind, runId: row.id, version: seq, actor: name, payload: said }
}

/** Rings for a transaction that has committed. */
export function ringRuns({ channel }: Pick<Engine, 'channel'>, { hasMore }: Pick<RunsStepped, 'hasMore'>): void {
  if (hasMore) channel.publish('runs')
}

import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { sendLast } from '../infra/with-transaction.ts'
import type { RunCommand } from '../workflow/run/command.ts'
import type { Effect } from '../workflow/run/effect.ts'
import type { Plan } from '../workflow/run/plan.ts'
import type { RunEvent } from '../workflow/run/run-event.ts'
import type { RunState } from '../workflow/run/run-state.ts'
import { step } from '../workflow/run/step.ts'
import { mostTurns } from '../workflow/run/turn.ts'
import { takeMessages, tellRuns } from '../workflow/store/inbox.ts'
import { Knowledge, readNeeds } from '../workflow/store/needs.ts'
import { type LockedRun, writeRuns } from '../workflow/store/runs.ts'
import { readStepsAtHand, writeSteps } from '../workflow/store/step-runs.ts'
import { versionKey } from '../workflow/store/workflows.ts'
import type { Applied } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { carryOut, type KnownTypes, readTypes } from './run-effects.ts'
import type { RunTools } from './run-tools.ts'
import type { SteppedRun } from './stepped-run.ts'

/** A run whose lock the caller holds. */
export interface RunToStep {
  readonly run: LockedRun
  /** What it is to take in after what its inbox holds. */
  readonly commands?: readonly RunCommand[]
  /** It has neither steps nor an inbox: this transaction makes it. */
  readonly isNew?: boolean
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
 * Steps runs of one tenant with what has come for them, and carries out all that follows, in the caller's transaction: rows, tasks, waits, child
 * runs, and last the events.
 *
 * Statements do not grow with the number of runs, and as a rule there are two round trips: one reads, and what follows travels with the COMMIT.
 * Locks: the types of tasks FOR KEY SHARE; the tasks that are cancelled, by id; the caller holds the runs.
 */
export async function stepRuns(
  client: ClientBase,
  tools: RunTools,
  actor: Actor,
  runs: readonly RunToStep[],
  now: Date,
): Promise<RunsStepped> {
  const { tenant } = actor
  const read = await readToStep(client, tools, tenant, runs)
  const stepped = await decide(client, tools, tenant, read, now)
  const changes = stepped.map(({ run, outcome }) => ({ runId: run.row.id, changes: outcome.changes }))
  sendLast(client, writeSteps(client, tenant, changes))
  const rows = stepped.map((one) => rowOf(one, now))
  sendLast(client, writeRuns(client, tenant, rows))
  const done = await carryOut(client, tools, actor, stepped, { types: read.types, now })
  if (done.messages.length > 0) sendLast(client, tellRuns(client, tenant, done.messages))
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

/** A run with all that a first call is given. */
interface ReadRun {
  readonly run: LockedRun
  readonly plan: Plan
  readonly state: RunState
  readonly commands: readonly RunCommand[]
}

/** Runs with many types of tasks read those that they need when they need them. */
const MOST_TYPES_AHEAD = 20

/** Takes out what has come for runs, and reads where they stand and the types of tasks that they may make, in one round trip. */
async function readToStep(
  client: ClientBase,
  tools: RunTools,
  tenant: string,
  runs: readonly RunToStep[],
): Promise<{ readonly runs: readonly ReadRun[]; readonly types: KnownTypes }> {
  const versions = runs.map(({ run: { workflowId, row } }) => ({ workflowId, number: row.version }))
  const plans = await tools.plansOf(client, tenant, versions)
  const planned = runs.map((one, place) => ({ ...one, plan: plans.get(versionKey(versions[place]!))! }))
  const stored = planned.filter(({ isNew = false }) => !isNew)
  const names = [...new Set(planned.flatMap(({ plan }) => plan.taskTypes))]
  const [messages, atHand, types] = await Promise.all([
    takeMessages(
      client,
      tenant,
      stored.map(({ run }) => run.row.id),
    ),
    readStepsAtHand(
      client,
      tenant,
      stored.map(({ run, plan }) => ({ runId: run.row.id, mostTurns: mostTurns(plan) })),
    ),
    readTypes(client, tenant, names.length > MOST_TYPES_AHEAD ? [] : names),
  ])
  return {
    types,
    runs: planned.map(({ run, plan, commands = [] }) => {
      const { id } = run.row
      const { steps, more } = atHand.get(id) ?? NOTHING_OPEN
      return { run, plan, state: { run: run.row, steps, more }, commands: [...(messages.get(id) ?? []), ...commands] }
    }),
  }
}

const NOTHING_OPEN: Required<Pick<RunState, 'steps' | 'more'>> = { steps: new Map(), more: new Set() }

/** Calls the step function until it has all that it asks for, of all runs together. */
async function decide(
  client: ClientBase,
  tools: RunTools,
  tenant: string,
  { runs }: { readonly runs: readonly ReadRun[] },
  now: Date,
): Promise<SteppedRun[]> {
  const known = new Map(runs.map(({ run }) => [run.row.id, new Knowledge()]))
  const stepped = new Map<string, SteppedRun>()
  let asking = runs
  for (let round = 0; asking.length > 0; round++) {
    if (round === MOST_ROUNDS) throw new Error(`The run ${asking[0]!.run.row.id} asks for ever more to be read`)
    const needs = asking.flatMap(({ run, plan, state, commands }) => {
      const { id } = run.row
      const context = { ...tools.context, known: known.get(id)! }
      const outcome = step(plan, state, { commands, now, context })
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

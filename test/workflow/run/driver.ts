import type { JsonValue } from '../../../src/task/json.ts'
import { createSchemaCheck } from '../../../src/task/schema-check.ts'
import type { WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { createWorkflowLanguage } from '../../../src/workflow/definition/workflow-language.ts'
import type { End, RunCommand } from '../../../src/workflow/run/command.ts'
import type { StepContext } from '../../../src/workflow/run/draft.ts'
import type { Effect } from '../../../src/workflow/run/effect.ts'
import { type ForkOutcome, forkRun } from '../../../src/workflow/run/fork-run.ts'
import { completionKey, type Known, type Needs } from '../../../src/workflow/run/known.ts'
import { newRun } from '../../../src/workflow/run/new-run.ts'
import { isBelow, iterationPath } from '../../../src/workflow/run/path.ts'
import { type Plan, planOf } from '../../../src/workflow/run/plan.ts'
import type { RunEvent } from '../../../src/workflow/run/run-event.ts'
import {
  hasEnded,
  type RunRow,
  type RunState,
  type StepPath,
  type StepRun,
} from '../../../src/workflow/run/run-state.ts'
import { type StepOutcome, step } from '../../../src/workflow/run/step.ts'
import { mostTurns } from '../../../src/workflow/run/turn.ts'
import { below, type Random, seededRandom } from '../../support/random.ts'

export const START = new Date('2030-01-01T00:00:00.000Z')

type Stepped = Extract<StepOutcome, { kind: 'stepped' }>

/** Something outside that a run awaits. */
export interface Outside {
  readonly effect: Extract<Effect, { kind: 'createTask' | 'startChild' | 'openWait' | 'askApproval' }>
  readonly attempt: number
  isCancelled: boolean
}

export interface DriverOptions {
  readonly input?: JsonValue
  readonly random?: Random
  /** How the step function is called; a planted bug may be put around it. */
  readonly step?: typeof step
  /** Does not keep events and rows that have ended, to measure the step alone. */
  readonly forgets?: boolean
  /** Most of each queue that a call is given. Default: as many as the engine gives. */
  readonly mostTurns?: number
}

const language = createWorkflowLanguage()
const schemas = createSchemaCheck()

/**
 * A run in memory: tables of rows, and an outside that the test answers for.
 *
 * Like an engine over a database it gives the step function only the rows that have not ended, of queues the first, without inputs and
 * outputs, and what it asks for; everything goes through JSON.
 */
export class Driver {
  now = START
  run: RunRow
  readonly plan: Plan
  readonly rows = new Map<StepPath, StepRun>()
  readonly items = new Map<StepPath, JsonValue>()
  readonly events: RunEvent[] = []
  /** Of a forked run: rows it took over. */
  readonly taken: StepRun[] = []
  /** All that were ever asked for, by id. */
  readonly effects: Effect[] = []
  /** What is open outside, by id. */
  readonly outside = new Map<string, Outside>()
  readonly #open = new Map<StepPath, StepRun>()
  readonly #options: DriverOptions
  readonly #random: Random
  #ids = 0

  constructor(definition: WorkflowDefinition, options: DriverOptions = {}) {
    this.plan = planOf(definition)
    this.#options = options
    this.#random = options.random ?? seededRandom(1)
    this.run = newRun({ id: this.#newId(), workflow: definition.name, version: 1 })
    this.input = options.input ?? null
  }

  input: JsonValue

  /** Gives commands in one call, and goes on until nothing more can be done at once. */
  send(...commands: RunCommand[]): void {
    for (let rest: readonly RunCommand[] = commands; ; rest = []) {
      const outcome = this.#call(rest)
      this.#commit(outcome, rest)
      if (!outcome.hasMore) return
      if (this.run.wakeAt === null || this.run.wakeAt > this.now)
        throw new Error('A crash now would leave it for ever.')
    }
  }

  /** The outcome of a call that is not carried out: the process dies before it commits. */
  lose(...commands: RunCommand[]): void {
    this.#call(commands)
  }

  start(): this {
    this.send({ kind: 'start' })
    return this
  }

  /** Forks this run: the new one's rows are copied as the outcome says. */
  fork(from: StepPath, input?: JsonValue): { driver: Driver; outcome: ForkOutcome } {
    const forked = new Driver(this.plan.definition, {
      ...this.#options,
      input: input === undefined ? this.input : input,
    })
    const outcome = forkRun(
      this.plan,
      { run: this.run, rows: [...this.rows.values()] },
      { id: 'fork', from, now: this.now, context: this.#context({}), ...(input === undefined ? {} : { input }) },
    )
    if (outcome.kind === 'refused') return { driver: forked, outcome }
    forked.now = this.now
    forked.run = outcome.run
    for (const row of this.rows.values()) {
      const isTaken = outcome.reused.some((path) => row.path === path || isBelow(row.path, path))
      if (isTaken) forked.rows.set(row.path, { ...row, completion: null })
    }
    forked.taken.push(...forked.rows.values())
    for (const row of outcome.rows) {
      forked.rows.set(row.path, row)
      forked.#open.set(row.path, row)
    }
    for (const [path, item] of this.items) forked.items.set(path, item)
    return { driver: forked, outcome }
  }

  /** Lets time pass, and looks when the run asked to be looked at. */
  pass(ms: number): void {
    const until = new Date(this.now.getTime() + ms)
    while (this.run.wakeAt !== null && this.run.wakeAt <= until) {
      this.now = this.run.wakeAt
      this.send()
    }
    this.now = until
  }

  /** What is open outside for a step. */
  awaitedAt(path: StepPath): string {
    const id = this.rows.get(path)?.awaitedId
    if (id == null) throw new Error(`${path} awaits nothing: ${JSON.stringify(this.rows.get(path))}`)
    return id
  }

  end(path: StepPath, end: End): RunCommand {
    return { kind: 'end', path, id: this.awaitedAt(path), end }
  }

  complete(path: StepPath, output: JsonValue = null): void {
    this.send(this.end(path, { status: 'COMPLETED', output }))
  }

  fail(path: StepPath, code = 'TASK_FAILED', message = 'It broke.'): void {
    this.send(this.end(path, { status: 'FAILED', error: { code, message } }))
  }

  /** A task that was to be stopped has stopped. */
  stopped(path: StepPath): void {
    this.send(this.end(path, { status: 'CANCELLED' }))
  }

  decide(path: StepPath, by: string, approved = true): void {
    const decision = { by, approved, comment: null, form: null }
    this.send({ kind: 'decide', path, id: this.awaitedAt(path), decision })
  }

  /** Statuses by path; a step without a row is not there. */
  get statuses(): Record<StepPath, string> {
    return Object.fromEntries([...this.rows].map(([path, { status }]) => [path, status]))
  }

  status(path: StepPath): string | undefined {
    return this.rows.get(path)?.status
  }

  output(path: StepPath): JsonValue | undefined {
    return this.rows.get(path)?.output
  }

  /** Paths whose tasks, children and waits are open outside and not cancelled. */
  get working(): StepPath[] {
    return [...this.outside.values()].filter(({ isCancelled }) => !isCancelled).map(({ effect }) => effect.path)
  }

  get openRows(): ReadonlyMap<StepPath, StepRun> {
    return this.#open
  }

  #call(commands: readonly RunCommand[]): Stepped {
    const known: Filled = { steps: new Map(), outputs: new Map(), items: new Map(), completions: new Map() }
    for (let round = 0; round < 100; round++) {
      const outcome = (this.#options.step ?? step)(this.plan, this.#state(), {
        commands,
        now: this.now,
        context: this.#context(known),
      })
      if (outcome.kind === 'stepped') return outcome
      this.#read(known, outcome.needs)
    }
    throw new Error('It asks for the same again and again.')
  }

  /** Through JSON, as if another process went on. */
  #state(): RunState {
    const { rows, more } = this.#atHand()
    if (this.#options.forgets) return { run: this.run, steps: new Map(rows.map((row) => [row.path, row])), more }
    const steps = new Map(rows.map((row) => [row.path, revive<StepRun>(withoutValues(row))]))
    return { run: revive(withoutValues(this.run)), steps, more }
  }

  #atHand(): { rows: StepRun[]; more: Set<StepPath> } {
    const most = this.#options.mostTurns ?? mostTurns(this.plan)
    const open = [...this.#open.values()]
    const queues = Map.groupBy(
      open.filter(({ turn }) => turn !== null),
      ({ holder }) => holder,
    )
    const rows = open.filter(({ turn }) => turn === null)
    const more = new Set<StepPath>()
    for (const [holder, queue] of queues) {
      rows.push(...queue.toSorted((a, b) => a.turn! - b.turn!).slice(0, most))
      if (queue.length >= most) more.add(holder)
    }
    return { rows, more }
  }

  #read(known: Filled, needs: Needs): void {
    for (const path of needs.steps) known.steps.set(path, this.rows.has(path) ? revive(this.rows.get(path)!) : null)
    for (const { path, index } of needs.items) {
      const key = iterationPath(path, index)
      const item = this.items.get(key)
      if (item === undefined) throw new Error(`There is no element ${key}.`)
      known.items.set(key, item)
    }
    for (const path of needs.outputs) known.outputs.set(path, this.#outputsOf(path))
    for (const { below, before } of needs.completions) {
      known.completions.set(completionKey(below, before), this.#latestCompletion(below, before))
    }
    if (needs.hasInput) known.input = this.input
    if (needs.hasUnsettled) known.unsettled = this.#unsettled()
  }

  #outputsOf(path: StepPath): JsonValue[] {
    const outputs: JsonValue[] = []
    for (let index = 0; index < this.rows.get(path)!.next; index++) {
      outputs.push(this.rows.get(iterationPath(path, index))?.output ?? null)
    }
    return outputs
  }

  #latestCompletion(under: StepPath, before: number): StepRun | null {
    let latest: StepRun | null = null
    for (const row of this.rows.values()) {
      if (row.completion === null || row.completion >= before || !isBelow(row.path, under)) continue
      if (row.completion > (latest?.completion ?? 0)) latest = row
    }
    return latest && revive(latest)
  }

  #unsettled(): StepRun[] {
    const isSettled = ({ status }: StepRun) => status === 'COMPLETED' || status === 'SKIPPED'
    return [...this.rows.values()]
      .filter((row) => row.holder === '' || !isSettled(this.rows.get(row.holder)!))
      .filter((row) => row.type !== 'ITERATION' || !isSettled(row))
      .map((row) => revive<StepRun>(withoutValues(row)))
  }

  #commit({ run, changes, effects, events }: Stepped, commands: readonly RunCommand[]): void {
    const answered = new Set(commands.map((command) => ('id' in command ? command.id : null)))
    this.run = { ...this.run, ...run }
    for (const above of changes.cleared) {
      for (const rows of [this.rows, this.items, this.#open]) {
        for (const path of rows.keys()) if (isBelow(path, above)) rows.delete(path)
      }
    }
    for (const path of changes.removed) {
      this.rows.delete(path)
      this.#open.delete(path)
    }
    for (const { path, holder, turn } of this.#open.values()) {
      if (turn === null || !changes.emptied.includes(holder)) continue
      this.rows.delete(path)
      this.#open.delete(path)
    }
    for (const row of changes.rows) this.#write(row, answered)
    for (const [path, items] of changes.items) {
      for (const [index, item] of items.entries()) this.items.set(iterationPath(path, index), item)
    }
    for (const effect of effects) this.#carryOut(effect)
    if (this.#options.forgets) return
    this.events.push(...events)
    this.effects.push(...effects)
  }

  #write(row: StepRun, answered: ReadonlySet<string | null>): void {
    const { awaitedId: before = null } = this.rows.get(row.path) ?? {}
    const written = { ...this.rows.get(row.path), ...row }
    this.rows.set(row.path, written)
    if (hasEnded(row)) this.#open.delete(row.path)
    else this.#open.set(row.path, this.#options.forgets ? withoutValues(written) : written)
    if (before === null || before === row.awaitedId) return
    const { effect } = this.outside.get(before) ?? {}
    const isWork = effect?.kind === 'startChild' || (effect?.kind === 'createTask' && !effect.hasCallback)
    if (isWork && !answered.has(before)) {
      throw new Error(`${row.path} does not await ${before} any more, which has not answered.`)
    }
    this.outside.delete(before)
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'createTask':
      case 'startChild':
      case 'openWait':
      case 'askApproval':
        if (this.outside.has(effect.id)) throw new Error(`${effect.id} is begun twice.`)
        this.outside.set(effect.id, { effect, attempt: this.rows.get(effect.path)!.attempt, isCancelled: false })
        return
      case 'cancelTask':
      case 'cancelChild': {
        const cancelled = this.outside.get(effect.id)
        if (cancelled === undefined) throw new Error(`${effect.id} is not open, and was to be cancelled.`)
        cancelled.isCancelled = true
        return
      }
      case 'closeWait':
      case 'withdrawApproval':
        this.outside.delete(effect.id)
        return
      case 'endRun':
        return
    }
  }

  #context(known: Known): StepContext {
    return {
      known,
      language,
      schemas,
      newId: () => this.#newId(),
      random: this.#random,
      callbackUrl: (id) => `https://example.test/callback/${id}`,
      maxValueBytes: 1_000_000,
    }
  }

  #newId(): string {
    this.#ids += 1
    return `id-${this.#ids}-${below(this.#random, 1_000)}`
  }
}

interface Filled extends Known {
  readonly steps: Map<StepPath, StepRun | null>
  readonly outputs: Map<StepPath, JsonValue[]>
  readonly items: Map<StepPath, JsonValue>
  readonly completions: Map<string, StepRun | null>
  input?: JsonValue
  unsettled?: StepRun[]
}

function withoutValues<Row extends StepRun | RunRow>(row: Row): Row {
  const { input: _, output: __, ...rest } = row
  return rest as Row
}

const TIMES = /At$|Until$/

function revive<Row>(row: Row): Row {
  return JSON.parse(JSON.stringify(row), (key, value: unknown) =>
    TIMES.test(key) && typeof value === 'string' ? new Date(value) : value,
  )
}

import type { JsonValue } from '../../task/json.ts'
import type { SchemaCheck } from '../../task/schema-check.ts'
import type { WorkflowLanguage } from '../definition/workflow-language.ts'
import { type Agenda, createAgenda } from './agenda.ts'
import type { Effect } from './effect.ts'
import { completionKey, type Known, type Needs } from './known.ts'
import { isBelow, iterationPath } from './path.ts'
import type { Plan, PlannedStep } from './plan.ts'
import type { RunEvent, RunFact } from './run-event.ts'
import { hasEnded, type RunRow, type RunState, type StepPath, type StepRun, type StepRunStatus } from './run-state.ts'
import { type Queues, queuesOf, turnOf } from './turn.ts'
import { isWorking } from './working.ts'

/** What a call brings along, so that it is decided by nothing else. */
export interface StepContext {
  readonly known: Known
  readonly language: Pick<WorkflowLanguage, 'evaluate' | 'references' | 'conditionText'>
  readonly schemas: Pick<SchemaCheck, 'problems'>
  /** A fresh uuid. */
  newId(): string
  /** From 0 (inclusive) to 1 (exclusive). */
  random(): number
  /** The one-time URL that stands for what a WEBHOOK awaits. */
  callbackUrl(id: string): string
  /** Most bytes of an input or output, as JSON. */
  readonly maxValueBytes: number
}

/** What is written back. Clears come first, then removals and emptied queues, then rows and items. */
export interface Changes {
  /** New or changed rows; an input or output that is absent stays what it was. */
  readonly rows: readonly StepRun[]
  /** Rows that had not begun and never will. */
  readonly removed: readonly StepPath[]
  /** Holders whose queues are emptied: what stands in them (`turn`) never begins. */
  readonly emptied: readonly StepPath[]
  /** All rows and items below these paths are dropped: a container starts afresh. */
  readonly cleared: readonly StepPath[]
  /** Elements of a MAP, each to be read by its index. */
  readonly items: ReadonlyMap<StepPath, readonly JsonValue[]>
}

export type Open<T> = { -readonly [Key in keyof T]: T[Key] }
export type OpenStep = Open<StepRun>
export type OpenRun = Open<RunRow>
export type Holder = OpenRun | OpenStep

/** A run's state while a call works on it. Costs a look at each open row, and no more for those that have ended. */
export class Draft {
  readonly run: OpenRun
  /** What may go on now. */
  readonly agenda: Agenda = createAgenda()
  /** Steps that have ended in this call, of which their holders are still to be told. */
  readonly ended: OpenStep[] = []
  /** Holders that end once nothing in them is open. */
  readonly closing: Holder[] = []
  readonly events: RunEvent[] = []
  readonly effects: Effect[] = []
  /** Holders found without room since something last ended, so that the many that wait there need not look again. */
  readonly full = new Set<StepPath>()
  readonly queues: Queues
  readonly plan: Plan
  readonly now: Date
  readonly context: StepContext
  readonly #before: ReadonlyMap<StepPath, StepRun>
  readonly #rows = new Map<StepPath, OpenStep>()
  readonly #removed = new Set<StepPath>()
  readonly #emptied = new Set<StepPath>()
  readonly #cleared: StepPath[] = []
  readonly #items = new Map<StepPath, readonly JsonValue[]>()
  #working = 0
  readonly #children = new Map<StepPath, Set<StepPath>>()
  readonly #needs = {
    steps: new Set<StepPath>(),
    outputs: new Set<StepPath>(),
    items: new Map<StepPath, { path: StepPath; index: number }>(),
    completions: new Map<string, { below: StepPath; before: number }>(),
    hasInput: false,
    hasUnsettled: false,
  }

  constructor(plan: Plan, state: RunState, { now, context }: { now: Date; context: StepContext }) {
    const { run, steps } = state
    this.plan = plan
    this.queues = queuesOf(state)
    this.now = now
    this.context = context
    this.run = { ...run }
    this.#before = steps
    for (const row of steps.values()) {
      this.#childrenOf(row.holder).add(row.path)
      if (isWorking(row)) this.#working += 1
    }
  }

  /** A step run that is open, or has ended in this call. */
  get(path: StepPath): StepRun | undefined {
    return this.#rows.get(path) ?? (this.#removed.has(path) ? undefined : this.#before.get(path))
  }

  /** The same, to be changed. */
  edit(path: StepPath): OpenStep | undefined {
    const touched = this.#rows.get(path)
    if (touched !== undefined) return touched
    const row = this.get(path)
    return row && this.put({ ...row })
  }

  put(row: OpenStep): OpenStep {
    this.#rows.set(row.path, row)
    this.#removed.delete(row.path)
    if (!hasEnded(row)) this.#childrenOf(row.holder).add(row.path)
    return row
  }

  planned({ stepId }: StepRun): PlannedStep {
    return this.plan.steps.get(stepId)!
  }

  holderOf({ holder }: StepRun): Holder | undefined {
    return holder === '' ? this.run : this.edit(holder)
  }

  /** What is open in a run, container or iteration. */
  openIn({ path }: { readonly path: StepPath }): readonly StepPath[] {
    return [...(this.#children.get(path) ?? [])]
  }

  hasOpen({ path }: { readonly path: StepPath }): boolean {
    return (this.#children.get(path)?.size ?? 0) > 0
  }

  /** Steps with a task or a child run under way. */
  get working(): number {
    return this.#working
  }

  /** The only way to another status, so that what works is counted. */
  move(row: OpenStep, status: StepRunStatus): void {
    if (isWorking(row)) this.#working -= 1
    row.status = status
    if (isWorking(row)) this.#working += 1
  }

  /** A step that had not begun never will. */
  remove(row: StepRun): void {
    this.#rows.delete(row.path)
    this.#removed.add(row.path)
    this.#childrenOf(row.holder).delete(row.path)
  }

  /** What stands in a holder's queue and is not at hand never begins either. */
  emptyQueue({ path }: { readonly path: StepPath }): void {
    if (this.queues.hasMore(path)) this.#emptied.add(path)
  }

  /** A step has ended: its holder is told before anything else happens. */
  end(row: OpenStep): void {
    this.#childrenOf(row.holder).delete(row.path)
    this.ended.push(row)
    this.full.clear()
  }

  /** Forgets what was run below a container. Nothing of it may be open. */
  clear(path: StepPath): void {
    this.#cleared.push(path)
    for (const below of this.#rows.keys()) if (isBelow(below, path)) this.#rows.delete(below)
    for (const of of this.#items.keys()) if (of === path || isBelow(of, path)) this.#items.delete(of)
  }

  /** Whether the store still has what this call has cleared. */
  isCleared(path: StepPath): boolean {
    return this.#cleared.some((above) => isBelow(path, above))
  }

  /** Step runs that this call has touched. */
  touched(): Iterable<StepRun> {
    return this.#rows.values()
  }

  say(fact: RunFact): void {
    this.run.seq += 1
    this.events.push({ ...fact, seq: this.run.seq })
  }

  about({ path, type, attempt }: StepRun): Pick<StepRun, 'path' | 'type' | 'attempt'> {
    return { path, type, attempt }
  }

  keepItems(path: StepPath, items: readonly JsonValue[]): void {
    if (items.length > 0) this.#items.set(path, items)
  }

  /** A step run, open or ended, with its input and output; null: there is none; undefined: it has to be read first. */
  look(path: StepPath): StepRun | null | undefined {
    const row = this.get(path)
    if (row !== undefined) return row
    if (this.isCleared(path)) return null
    return this.read(path)
  }

  /** The same, as the store has it. */
  read(path: StepPath): StepRun | null | undefined {
    const row = this.context.known.steps?.get(path)
    if (row === undefined) this.#needs.steps.add(path)
    return row
  }

  /** An element of a MAP; undefined: it has to be read first. */
  item(path: StepPath, index: number): JsonValue | undefined {
    const key = iterationPath(path, index)
    const items = this.#items.get(path)
    const item = items === undefined ? this.context.known.items?.get(key) : items[index]
    if (item === undefined) this.#needs.items.set(key, { path, index })
    return item
  }

  /** Outputs of a MAP's iterations; undefined: they have to be read first. */
  outputs(path: StepPath): readonly JsonValue[] | undefined {
    const outputs = this.context.known.outputs?.get(path)
    if (outputs === undefined) this.#needs.outputs.add(path)
    return outputs
  }

  /** The latest completion below a path before a number that the store has; null: none; undefined: it has to be read first. */
  completion(below: StepPath, before: number): StepRun | null | undefined {
    const key = completionKey(below, before)
    const row = this.context.known.completions?.get(key)
    if (row === undefined) this.#needs.completions.set(key, { below, before })
    return row
  }

  /** The run's input; undefined: it has to be read first. */
  input(): JsonValue | undefined {
    const input = this.run.input === undefined ? this.context.known.input : this.run.input
    if (input === undefined) this.#needs.hasInput = true
    return input
  }

  /** What a retry by hand looks at; undefined: it has to be read first. */
  unsettled(): readonly StepRun[] | undefined {
    if (this.context.known.unsettled === undefined) this.#needs.hasUnsettled = true
    return this.context.known.unsettled
  }

  needs(): Needs | null {
    const { steps, outputs, items, completions, hasInput, hasUnsettled } = this.#needs
    const needsNone = steps.size + outputs.size + items.size + completions.size === 0 && !hasInput && !hasUnsettled
    if (needsNone) return null
    return {
      steps: [...steps],
      outputs: [...outputs],
      items: [...items.values()],
      completions: [...completions.values()],
      hasInput,
      hasUnsettled,
    }
  }

  changes(): Changes {
    for (const row of this.#rows.values()) row.turn = turnOf(this.plan, row)
    return {
      rows: [...this.#rows.values()],
      removed: [...this.#removed],
      emptied: [...this.#emptied],
      cleared: this.#cleared,
      items: this.#items,
    }
  }

  /** What is to be done outside; what has ended in this very call need not be stopped. */
  effectsLeft(): readonly Effect[] {
    return this.effects.filter((effect) => {
      const isStop = effect.kind === 'cancelTask' || effect.kind === 'cancelChild'
      return !isStop || this.get(effect.path)?.awaitedId === effect.id
    })
  }

  /** Open rows, in no order. */
  *open(): Iterable<StepRun> {
    for (const path of this.#before.keys()) {
      const row = this.get(path)
      if (row !== undefined && !hasEnded(row)) yield row
    }
    for (const row of this.#rows.values()) if (!hasEnded(row) && !this.#before.has(row.path)) yield row
  }

  #childrenOf(holder: StepPath): Set<StepPath> {
    const children = this.#children.get(holder) ?? new Set<StepPath>()
    this.#children.set(holder, children)
    return children
  }
}

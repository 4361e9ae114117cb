import { type Step, stepsWithin, type WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import type { RunCommand } from '../../../src/workflow/run/command.ts'
import type { RunEvent } from '../../../src/workflow/run/run-event.ts'
import type { StepRun } from '../../../src/workflow/run/run-state.ts'
import type { Driver } from './driver.ts'

/**
 * What a workflow may do, written down once more and as simply as possible: nothing is counted or kept, all is found out afresh from the
 * definition and the list of events, at every event. Throws at the first thing that must not be.
 */
export class Reference {
  readonly #steps = new Map<string, Step>()
  readonly #beside = new Map<string, readonly Step[]>()
  readonly #inside = new Map<string, Step | null>()
  readonly #undoes = new Map<string, Step>()
  readonly #definition: WorkflowDefinition
  #seen = new Map<string, Seen>()
  #taken = 0
  #isPaused = false
  #isCancelled = false
  /** Whether it was retried by hand: counts by attempt start anew then. */
  #isRetried = false
  readonly #started = new Set<string>()
  /** In which scope's failure a compensation was started. */
  readonly #undoneIn = new Map<string, string>()
  /** Work outside that was open after the last commit. */
  #working = new Map<string, string>()

  constructor(definition: WorkflowDefinition) {
    this.#definition = definition
    this.#index(definition.steps, null)
  }

  #index(steps: readonly Step[], inside: Step | null): void {
    for (const step of steps) {
      this.#steps.set(step.id, step)
      this.#beside.set(step.id, steps)
      this.#inside.set(step.id, inside)
      if (step.compensate !== undefined) this.#undoes.set(step.compensate.id, step)
      this.#index(stepsWithin(step), step)
    }
  }

  /** Looks at a commit: the events since the last, and then the rows. */
  check(driver: Driver, commands: readonly RunCommand[]): void {
    const news = driver.events.slice(this.#taken)
    for (const event of news) this.#take(event, driver)
    this.#taken = driver.events.length
    this.#checkSuccesses(commands, news)
    this.#working = new Map(
      [...driver.outside.values()]
        .map(({ effect }) => effect)
        .filter((effect) => effect.kind === 'startChild' || (effect.kind === 'createTask' && !effect.hasCallback))
        .map(({ id, path }) => [id, path]),
    )
    if (commands.some(({ kind }) => kind === 'cancel')) this.#isCancelled = driver.run.status !== 'PENDING'
    this.#checkLimits(driver)
    this.#checkRows(driver)
    if (driver.run.status === 'COMPLETED') this.#checkScope('', this.#definition.steps, driver)
    for (const [path, { status, id }] of this.#seen) {
      const step = path.endsWith(']') ? undefined : this.#steps.get(id)
      if (status !== 'COMPLETED' || step === undefined || !('steps' in step)) continue
      if (step.type === 'SEQUENTIAL') this.#checkScope(path, step.steps, driver)
      if (step.type === 'MAP' || step.type === 'LOOP') this.#checkIterations(path, step, driver)
      if (step.type === 'PARALLEL') this.#checkParallel(path, step, driver)
    }
  }

  /** What was done is said to be done, whatever was decided of it meanwhile. */
  #checkSuccesses(commands: readonly RunCommand[], news: readonly RunEvent[]): void {
    const answered = new Set<string>()
    for (const command of commands) {
      if (command.kind !== 'end' || answered.has(command.id) || this.#working.get(command.id) !== command.path) continue
      answered.add(command.id)
      if (command.end.status !== 'COMPLETED') continue
      if (!news.some((event) => event.kind === 'StepCompleted' && event.path === command.path)) {
        fail(`${command.path} succeeded, and did not complete`)
      }
    }
  }

  #take(event: RunEvent, driver: Driver): void {
    if (event.seq !== driver.events.indexOf(event) + 1) fail(`event ${event.seq} is out of line`)
    switch (event.kind) {
      case 'WorkflowRunPaused':
        this.#isPaused = true
        return
      case 'WorkflowRunResumed':
        this.#isPaused = false
        return
      case 'WorkflowRunFailed':
        if (this.#isCancelled) fail('the run failed after it was cancelled')
        this.#checkCause('', event.error)
        this.#checkUndone(driver)
        this.#isPaused = false
        return
      case 'WorkflowRunCancelled':
        this.#isPaused = false
        return
      case 'WorkflowRunRetried':
        this.#isRetried = true
        this.#isCancelled = false
        for (const path of event.again) {
          for (const key of this.#seen.keys()) if (key === path || isUnder(key, path)) this.#seen.delete(key)
        }
        for (const { path, status } of event.reopened)
          this.#seen.set(path, { ...this.#seen.get(path)!, status, error: false })
        this.#started.clear()
        this.#undoneIn.clear()
        return
      case 'StepStarted':
        this.#checkStart(event, driver)
        this.#see(event, 'RUNNING', driver)
        return
      case 'StepSkipped':
        this.#checkSkip(event)
        this.#see(event, 'SKIPPED', driver)
        return
      case 'StepCompleted':
      case 'StepFailed':
      case 'StepCancelled':
        this.#checkHeld(event.path)
        if (event.kind === 'StepFailed') this.#checkCause(event.path, event.error)
        this.#see(
          event,
          event.kind === 'StepCompleted' ? 'COMPLETED' : event.kind === 'StepFailed' ? 'FAILED' : 'CANCELLED',
          driver,
        )
        return
      case 'StepRetrying':
      case 'WaitStarted':
      case 'ApprovalRequested':
        this.#see(event, 'WAITING', driver)
        return
      default:
        return
    }
  }

  #see(event: Extract<RunEvent, { type: unknown }>, status: Seen['status'], driver: Driver): void {
    const before = this.#seen.get(event.path)
    if (before !== undefined && isEnd(before.status))
      fail(`${event.path} ended as ${before.status} and then ${event.kind}`)
    this.#seen.set(event.path, {
      status,
      id: idOf(event.path),
      attempt: event.attempt,
      seq: event.seq,
      at: before?.at ?? driver.now.getTime(),
      error: 'error' in event && event.error !== null,
    })
  }

  /** Everything that must have been so when a step started. */
  #checkStart({ path, type, attempt }: Extract<RunEvent, { kind: 'StepStarted' }>, driver: Driver): void {
    if (this.#isPaused) fail(`${path} started while the run was paused`)
    if (this.#isCancelled) fail(`${path} started after the run was cancelled`)
    const again = this.#seen.get(path)?.status === 'PENDING'
    if (attempt > 1 && !again) {
      for (const key of this.#seen.keys()) if (isUnder(key, path)) this.#seen.delete(key)
      for (const key of this.#undoneIn.keys()) if (isUnder(key, path)) this.#undoneIn.delete(key)
      for (const key of this.#started) if (isUnder(key.split('#')[0]!, path)) this.#started.delete(key)
    }
    const once = `${path}#${attempt}`
    if (this.#started.has(once) && !again) fail(`attempt ${attempt} of ${path} started twice`)
    this.#started.add(once)
    const undone = this.#undoes.get(idOf(path))
    if (undone !== undefined) {
      this.#checkUndo(path, undone)
      return
    }
    for (let inner = path, outer = parentOf(path); ; inner = outer, outer = parentOf(outer)) {
      if (this.#hasFailed(outer)) fail(`${path} started after ${outer || 'the run'} had failed`)
      if (outer === '') break
      const holder = this.#seen.get(outer)
      if (holder?.status !== 'RUNNING') fail(`${path} started in ${outer}, which is ${holder?.status}, at ${inner}`)
      const { timeout } = outer.endsWith(']') ? { timeout: undefined } : this.#steps.get(idOf(outer))!
      if (timeout !== undefined && !this.#isRetried && driver.now.getTime() >= holder!.at + 7_000) {
        fail(`${path} started in ${outer} after its time-out`)
      }
    }
    if (type === 'ITERATION' || attempt > 1) return
    if (this.#before(path).some((other) => !isEnd(this.#statusOf(other.path)))) {
      fail(`${path} started before ${this.#before(path).map(({ path }) => `${path} (${this.#statusOf(path)})`)}`)
    }
    if (!this.#leadsTo(path, driver)) fail(`${path} started, and nothing leads to it`)
    if (this.#steps.get(idOf(path))!.when === 'false') fail(`${path} started against its guard`)
  }

  #checkSkip({ path, error }: Extract<RunEvent, { kind: 'StepSkipped' }>): void {
    const step = this.#steps.get(idOf(path))!
    this.#checkHeld(path)
    if (error !== null) {
      if (step.onFailure !== 'SKIP') fail(`${path} was skipped for a failure against its rule`)
      return
    }
    const before = this.#before(path)
    if (before.some((other) => !isEnd(this.#statusOf(other.path)))) fail(`${path} was skipped too early`)
  }

  /** What holds steps fails for one of them, or says why it did itself. */
  #checkCause(path: string, { code }: { code: string }): void {
    const isHolder = path === '' || path.endsWith(']') || 'steps' in (this.#steps.get(idOf(path)) ?? {})
    const own = ['STEP_TIMEOUT', 'RUN_TIMEOUT', 'EXPRESSION', 'LOOP_LIMIT', 'JOIN_OUT_OF_REACH']
    if (isHolder && !own.includes(code) && !this.#hasFailed(path)) fail(`${path || 'the run'} failed without a cause`)
  }

  /** What ends is held by something that has not ended. */
  #checkHeld(path: string): void {
    for (let outer = parentOf(path); outer !== ''; outer = parentOf(outer)) {
      if (this.#undoes.has(idOf(path))) return
      if (isEnd(this.#statusOf(outer))) fail(`${path} ended after ${outer}`)
    }
  }

  #hasFailed(holder: string): boolean {
    const failed = [...this.#seen]
      .filter(([path, { status }]) => parentOf(path) === holder && status === 'FAILED')
      .filter(([path]) => path.endsWith(']') || this.#steps.get(idOf(path))?.onFailure !== 'CONTINUE')
      .filter(([path]) => !this.#undoes.has(idOf(path)))
    const step = holder === '' || holder.endsWith(']') ? undefined : this.#steps.get(idOf(holder))
    if (step?.type === 'MAP') return failed.length > (step.tolerateFailures ?? 0)
    if (step?.type === 'PARALLEL' && step.join !== undefined && step.join !== 'ALL') return false
    return failed.length > 0
  }

  /** The steps beside a step that come before it, found by looking through all of them. */
  #before(path: string): { path: string; kind: 'AFTER' | 'CHOICE' | 'TURN'; picks: boolean[] }[] {
    const step = this.#steps.get(idOf(path))!
    const beside = this.#beside.get(step.id)!
    const scope = parentOf(path)
    const inside = this.#inside.get(step.id)
    const before = []
    for (const [place, other] of beside.entries()) {
      const at = scope === '' ? other.id : `${scope}.${other.id}`
      const picks = []
      if (other.type === 'CONDITION' && other.then?.includes(step.id)) picks.push(true)
      if (other.type === 'CONDITION' && other.else?.includes(step.id)) picks.push(false)
      if (picks.length > 0) before.push({ path: at, kind: 'CHOICE' as const, picks })
      else if (step.after?.includes(other.id)) before.push({ path: at, kind: 'AFTER' as const, picks })
      else if (inside?.type === 'SEQUENTIAL' && beside[place + 1] === step) {
        before.push({ path: at, kind: 'TURN' as const, picks })
      }
    }
    return before
  }

  /** Whether one of the steps before it leads to it; those that are only its turn do not count, and when there are no others nothing has to. */
  #leadsTo(path: string, driver: Driver): boolean {
    const before = this.#before(path).filter(({ kind }) => kind !== 'TURN')
    if (before.length === 0) return true
    return before.some((other) => {
      if (this.#statusOf(other.path) === 'SKIPPED') return false
      return other.kind === 'AFTER' || other.picks.includes(driver.rows.get(other.path)!.output as boolean)
    })
  }

  #statusOf(path: string): Seen['status'] {
    return this.#seen.get(path)?.status ?? 'PENDING'
  }

  /** A scope that completed: all its steps have ended, and each as those before it say. */
  #checkScope(path: string, steps: readonly Step[], driver: Driver): void {
    for (const step of steps) {
      const at = path === '' ? step.id : `${path}.${step.id}`
      const status = this.#statusOf(at)
      const error = this.#seen.get(at)?.error ?? false
      if (!isEnd(status) || status === 'CANCELLED') fail(`${path || 'the run'} completed, and ${at} is ${status}`)
      const mayRun = this.#leadsTo(at, driver) && step.when !== 'false'
      if (mayRun === (status === 'SKIPPED' && !error))
        fail(`${at} is ${status}, and ${mayRun ? 'may' : 'must not'} run`)
      if (step.when === 'input.nothing.there' && this.#leadsTo(at, driver) && status === 'COMPLETED')
        fail(`${at} has no guard`)
      if (status === 'FAILED' && step.onFailure !== 'CONTINUE') fail(`${path} completed over the failure of ${at}`)
    }
    const last = steps.filter(
      (step) =>
        !steps.some((other) => this.#before(pathIn(path, other.id)).some((one) => one.path === pathIn(path, step.id))),
    )
    const outputs = last
      .filter(({ id }) => this.#statusOf(pathIn(path, id)) === 'COMPLETED')
      .map(({ id }) => [id, driver.output(pathIn(path, id)) ?? null])
    const expected = last.length > 1 ? Object.fromEntries(outputs) : (outputs[0]?.[1] ?? null)
    const output = path === '' ? driver.run.output : driver.output(path)
    same(output, expected, `output of ${path || 'the run'}`)
  }

  #checkIterations(path: string, step: Extract<Step, { steps: unknown }>, driver: Driver): void {
    const outputs = []
    for (let index = 0; this.#seen.has(`${path}[${index}]`); index++) {
      const at = `${path}[${index}]`
      const status = this.#statusOf(at)
      if (status !== 'COMPLETED' && !(status === 'FAILED' && step.type === 'MAP'))
        fail(`${path} completed, and ${at} is ${status}`)
      if (status === 'COMPLETED') this.#checkScope(at, step.steps, driver)
      outputs.push(status === 'COMPLETED' ? (driver.output(at) ?? null) : null)
    }
    same(driver.output(path), step.type === 'MAP' ? outputs : (outputs.at(-1) ?? null), `output of ${path}`)
    const { list } = driver.input as { list: unknown[] }
    if (step.type === 'MAP')
      same(outputs.length, typeof step.items === 'string' ? list.length : step.items.length, `${path}`)
    if (step.type === 'LOOP' && typeof step.times === 'number')
      same(outputs.length, step.times, `iterations of ${path}`)
  }

  #checkParallel(path: string, { join = 'ALL', steps }: Extract<Step, { type: 'PARALLEL' }>, driver: Driver): void {
    const of = (status: string) => steps.filter(({ id }) => this.#statusOf(`${path}.${id}`) === status)
    const completed = of('COMPLETED')
    same(
      driver.output(path),
      Object.fromEntries(completed.map(({ id }) => [id, driver.output(`${path}.${id}`) ?? null])),
      path,
    )
    if (join === 'ALL') {
      const bad = steps.filter(({ id }) => !isEnd(this.#statusOf(`${path}.${id}`)))
      if (bad.length + of('CANCELLED').length > 0) fail(`${path} completed before ${bad.map(({ id }) => id)}`)
    } else if (completed.length < (join === 'ANY' ? 1 : join.atLeast)) fail(`${path} completed with too few`)
  }

  /** Undoing goes on one at a time, from the latest completion to the first. */
  #checkUndo(path: string, undone: Step): void {
    const target = pathIn(parentOf(path), undone.id)
    if (this.#statusOf(target) !== 'COMPLETED') fail(`${path} undoes ${target}, which is ${this.#statusOf(target)}`)
    const scope = this.#undoingScope(target)
    if (scope === null) fail(`${path} started, and nothing around it failed with COMPENSATE`)
    for (const [other, inScope] of this.#undoneIn) {
      if (inScope !== scope || !this.#seen.has(other)) continue
      if (!isEnd(this.#statusOf(other))) fail(`${path} and ${other} undo at the same time`)
      const earlier = this.#seen.get(pathIn(parentOf(other), this.#undoes.get(idOf(other))!.id))!
      if (earlier.seq < this.#seen.get(target)!.seq)
        fail(`${other} was undone before ${path}, and had completed before it`)
    }
    this.#undoneIn.set(path, scope!)
  }

  /** The innermost scope around a step in which one has failed with COMPENSATE, and that has not ended. */
  #undoingScope(target: string): string | null {
    for (let scope = parentOf(target); ; scope = parentOf(scope)) {
      const compensates = [...this.#seen].some(
        ([path, { status }]) =>
          parentOf(path) === scope &&
          status === 'FAILED' &&
          !path.endsWith(']') &&
          this.#steps.get(idOf(path))?.onFailure === 'COMPENSATE',
      )
      if (compensates && !isEnd(this.#statusOf(scope))) return scope
      if (scope === '') return null
    }
  }

  /** A run that failed by a step with COMPENSATE has undone all that can be. */
  #checkUndone(driver: Driver): void {
    const isUndoing = [...this.#seen].some(
      ([path, { status, id }]) =>
        parentOf(path) === '' && status === 'FAILED' && this.#steps.get(id)?.onFailure === 'COMPENSATE',
    )
    if (!isUndoing || driver.run.error?.code === 'RUN_TIMEOUT') return
    for (const [path, { status, id }] of this.#seen) {
      const undo = this.#steps.get(id)?.compensate
      if (status !== 'COMPLETED' || path.endsWith(']') || undo === undefined) continue
      if (!isEnd(this.#statusOf(pathIn(parentOf(path), undo.id)))) fail(`${path} was not undone`)
    }
  }

  #checkLimits(driver: Driver): void {
    const most = this.#definition.limits!.maxParallelSteps!
    const isWork = ({ status, type }: StepRun) =>
      status === 'RUNNING' && ['TASK', 'CUSTOM', 'WEBHOOK', 'SUBWORKFLOW'].includes(type)
    const working = [...driver.rows.values()].filter(isWork)
    if (working.length > most) fail(`${working.map(({ path }) => path)} work; ${most} may`)
    for (const [id, step] of this.#steps) {
      if ((step.type !== 'PARALLEL' && step.type !== 'MAP') || !('steps' in step)) continue
      const limit = step.maxParallel ?? (step.type === 'MAP' ? most : Number.POSITIVE_INFINITY)
      for (const path of driver.rows.keys()) {
        if (idOf(path) !== id || path.endsWith(']')) continue
        const begun = [...driver.rows.values()].filter(
          (row) =>
            parentOf(row.path) === path &&
            !isEnd(row.status) &&
            row.status !== 'PENDING' &&
            !this.#undoes.has(row.stepId),
        )
        if (begun.length > limit) fail(`${begun.map((row) => row.path)} are under way in ${path}; ${limit} may`)
      }
    }
  }

  /** The rows say what the events said. */
  #checkRows(driver: Driver): void {
    const rows = [...driver.rows.values()].filter(({ status }) => status !== 'PENDING')
    for (const { path, status } of rows) same(this.#statusOf(path), status, `status of ${path}`)
    for (const [path, { status }] of this.#seen) {
      if (status !== 'PENDING' && !driver.rows.has(path)) fail(`${path} is ${status}, and has no row`)
    }
  }
}

interface Seen {
  readonly status: StepRun['status']
  readonly id: string
  readonly attempt: number
  readonly seq: number
  /** When it first started, in milliseconds. */
  readonly at: number
  readonly error: boolean
}

function isEnd(status: string): boolean {
  return ['COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED'].includes(status)
}

function idOf(path: string): string {
  return path
    .split('.')
    .at(-1)!
    .replace(/\[\d+\]$/, '')
}

function pathIn(scope: string, id: string): string {
  return scope === '' ? id : `${scope}.${id}`
}

function parentOf(path: string): string {
  return path.match(/^(.*)\[\d+\]$/)?.[1] ?? path.split('.').slice(0, -1).join('.')
}

function isUnder(path: string, above: string): boolean {
  return above === '' ? path !== '' : path.startsWith(`${above}.`) || path.startsWith(`${above}[`)
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    fail(`${what}: ${JSON.stringify(actual)}, where ${JSON.stringify(expected)} is expected`)
  }
}

function fail(what: string): never {
  throw new Error(what)
}

import { isBelow } from '../../src/workflow/run/path.ts'
import type { RunEvent } from '../../src/workflow/run/run-event.ts'
import type { RunStatus, StepPath, StepRun, StepRunStatus } from '../../src/workflow/run/run-state.ts'
import { isWorking } from '../../src/workflow/run/working.ts'

/** What the events of a run tell of it. A step that is not there has not begun. */
export interface Replayed {
  readonly status: RunStatus
  readonly attempt: number
  /** Number of the last event. */
  readonly seq: number
  readonly steps: ReadonlyMap<StepPath, ReplayedStep>
}

export interface ReplayedStep {
  readonly type: StepRun['type']
  readonly status: StepRunStatus
  readonly attempt: number
}

/**
 * Statuses of a run and its steps, from all its events in their order.
 *
 * @param taken of a forked run: what it took over
 */
export function replay(events: Iterable<RunEvent>, taken: Iterable<StepRun> = []): Replayed {
  const replaying = new Replaying(taken)
  for (const event of events) replaying.take(event)
  return replaying.replayed()
}

/** The same, event by event. */
export class Replaying {
  readonly #steps = new Map<StepPath, ReplayedStep>()
  #ended: RunStatus | null = 'PENDING'
  #isPaused = false
  #attempt = 1
  #seq = 0

  constructor(taken: Iterable<StepRun> = []) {
    for (const { path, type, status, attempt } of taken) this.#steps.set(path, { type, status, attempt })
  }

  take(event: RunEvent): void {
    this.#seq = event.seq
    switch (event.kind) {
      case 'WorkflowRunStarted':
        this.#ended = null
        return
      case 'WorkflowRunPaused':
        this.#isPaused = true
        return
      case 'WorkflowRunResumed':
        this.#isPaused = false
        return
      case 'WorkflowRunCompleted':
        this.#end('COMPLETED')
        return
      case 'WorkflowRunFailed':
        this.#end('FAILED')
        return
      case 'WorkflowRunCancelled':
        this.#end('CANCELLED')
        return
      case 'WorkflowRunRetried':
        this.#ended = null
        this.#attempt = event.attempt
        for (const path of event.again) this.#runAgain(path)
        for (const { path, status } of event.reopened) this.#move(path, status)
        return
      case 'ApprovalDecided':
        return
      default:
        this.#takeOfStep(event)
    }
  }

  replayed(): Replayed {
    const status = this.#ended ?? (this.#isPaused ? 'PAUSED' : this.#isAnyWorking() ? 'RUNNING' : 'WAITING')
    return { status, attempt: this.#attempt, seq: this.#seq, steps: this.#steps }
  }

  #takeOfStep({ kind, path, type, attempt }: Extract<RunEvent, { type: unknown }>): void {
    // A container that starts once more has forgotten what was in it.
    if (kind === 'StepStarted' && attempt > (this.#steps.get(path)?.attempt ?? attempt)) this.#forgetBelow(path)
    this.#steps.set(path, { type, attempt, status: STATUS_AFTER[kind] })
  }

  #end(status: RunStatus): void {
    this.#ended = status
    this.#isPaused = false
  }

  #runAgain(path: StepPath): void {
    this.#forgetBelow(path)
    this.#move(path, 'PENDING')
  }

  #move(path: StepPath, status: StepRunStatus): void {
    const step = this.#steps.get(path)
    if (step !== undefined) this.#steps.set(path, { ...step, status })
  }

  #forgetBelow(path: StepPath): void {
    for (const below of this.#steps.keys()) if (isBelow(below, path)) this.#steps.delete(below)
  }

  #isAnyWorking(): boolean {
    return [...this.#steps.values()].some(isWorking)
  }
}

const STATUS_AFTER: Readonly<Record<Extract<RunEvent, { type: unknown }>['kind'], StepRunStatus>> = {
  StepStarted: 'RUNNING',
  StepCompleted: 'COMPLETED',
  StepFailed: 'FAILED',
  StepSkipped: 'SKIPPED',
  StepCancelled: 'CANCELLED',
  StepRetrying: 'WAITING',
  WaitStarted: 'WAITING',
  ApprovalRequested: 'WAITING',
  ApprovalDecided: 'WAITING',
}

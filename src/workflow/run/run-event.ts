import type { StepType } from '../definition/definition.ts'
import type { StepError, StepPath } from './run-state.ts'

interface AboutStep {
  readonly path: StepPath
  readonly type: StepType | 'ITERATION'
  readonly attempt: number
}

/** Everything that can happen to a run and its steps. */
export type RunFact =
  | { readonly kind: 'WorkflowRunStarted' }
  | { readonly kind: 'WorkflowRunPaused' }
  | { readonly kind: 'WorkflowRunResumed' }
  | { readonly kind: 'WorkflowRunCompleted' }
  | { readonly kind: 'WorkflowRunFailed'; readonly error: StepError }
  | { readonly kind: 'WorkflowRunCancelled'; readonly reason: string | null }
  /** What `again` names, and all below it, counts as never started; containers and iterations in `reopened` go on, PENDING ones when they have their turn. */
  | {
      readonly kind: 'WorkflowRunRetried'
      readonly attempt: number
      readonly reopened: readonly { readonly path: StepPath; readonly status: 'RUNNING' | 'PENDING' }[]
      readonly again: readonly StepPath[]
    }
  /** It works, or what it holds begins. After a retry all below it counts as never started. */
  | (AboutStep & { readonly kind: 'StepStarted' })
  | (AboutStep & { readonly kind: 'StepCompleted' })
  | (AboutStep & { readonly kind: 'StepFailed'; readonly error: StepError })
  /** With an error where its on-failure rule is SKIP. */
  | (AboutStep & { readonly kind: 'StepSkipped'; readonly error: StepError | null })
  | (AboutStep & { readonly kind: 'StepCancelled' })
  /** It failed and waits for its next attempt. */
  | (AboutStep & { readonly kind: 'StepRetrying'; readonly error: StepError; readonly retryAt: string })
  /** For a time, an event, or a call-back. */
  | (AboutStep & { readonly kind: 'WaitStarted'; readonly until: string | null; readonly eventKey: string | null })
  | (AboutStep & { readonly kind: 'ApprovalRequested' })
  | (AboutStep & { readonly kind: 'ApprovalDecided'; readonly by: string; readonly approved: boolean })

/** `seq` counts up by one within a run. */
export type RunEvent = RunFact & { readonly seq: number }

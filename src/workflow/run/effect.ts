import type { JsonValue } from '../../task/json.ts'
import type { RetryPolicy } from '../../task/retry.ts'
import type { TaskOptions } from '../definition/definition.ts'
import type { RunStatus, StepError, StepPath } from './run-state.ts'

interface About {
  readonly path: StepPath
  /** uuid, drawn by the step: of the task, child run, wait or approval. */
  readonly id: string
}

/** What is to be done outside, in the transaction that writes the run's rows. */
export type Effect =
  | (About & {
      readonly kind: 'createTask'
      /** The task's type; of a CUSTOM step its handler. */
      readonly type: string
      readonly input: JsonValue
      readonly options: TaskOptions
      /** What the step says of the task's retries; what is left out, the type says. */
      readonly retry: Partial<RetryPolicy> | null
      /** Of a WEBHOOK: it awaits a call-back to a one-time URL that the id stands for. */
      readonly hasCallback: boolean
    })
  /** Its end is awaited, and may yet be a success. */
  | (About & { readonly kind: 'cancelTask' })
  | (About & {
      readonly kind: 'startChild'
      readonly workflow: string
      /** null: the newest that is READY. */
      readonly version: number | null
      readonly input: JsonValue
    })
  /** Its end is awaited, and may yet be a success. */
  | (About & { readonly kind: 'cancelChild' })
  /** Events with this key are to be given to the step. */
  | (About & { readonly kind: 'openWait'; readonly key: string })
  /** Of a WAIT for an event, or of a call-back. */
  | (About & { readonly kind: 'closeWait' })
  | (About & { readonly kind: 'askApproval'; readonly request: ApprovalRequest })
  | (About & { readonly kind: 'withdrawApproval' })
  | {
      readonly kind: 'endRun'
      readonly status: RunStatus
      readonly output: JsonValue
      readonly error: StepError | null
    }

/** Whom an APPROVAL asks for what; also the input of its step run. */
export interface ApprovalRequest {
  readonly message: string
  readonly principals: readonly string[]
  readonly role: string | null
  readonly need: number
}

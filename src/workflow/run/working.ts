import type { StepRun } from './run-state.ts'

const WORKING: readonly StepRun['type'][] = ['TASK', 'CUSTOM', 'WEBHOOK', 'SUBWORKFLOW']

/** Whether steps of a type are carried out by a task or a child run, and so count for the run's limit. */
export function isWork(type: StepRun['type']): boolean {
  return WORKING.includes(type)
}

/** Whether a task or a child run is under way for it. */
export function isWorking({ type, status }: Pick<StepRun, 'type' | 'status'>): boolean {
  return status === 'RUNNING' && isWork(type)
}

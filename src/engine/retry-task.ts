import type { Result } from '../task/refusal.ts'
import { commandTask } from './command-task.ts'
import type { Actor, Engine } from './engine.ts'

/**
 * Runs a task that failed, was cancelled or skipped once more, with its whole retry policy before it; a task in its
 * back-off goes at once. Attempts keep counting up. Tasks that were settled by its first end stay settled.
 */
export function retryTask(
  engine: Engine,
  actor: Actor,
  input: { taskId: string; expectedVersion?: number },
): Promise<Result<{ taskId: string; version: number }>> {
  return commandTask(engine, actor, { ...input, command: { kind: 'retry' } })
}

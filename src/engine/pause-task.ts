import type { Result } from '../task/refusal.ts'
import { commandTask } from './command-task.ts'
import type { Actor, Engine } from './engine.ts'

/**
 * Keeps a task that waits from being claimed until it is resumed. Its total time-out runs on, its queue time-out starts
 * anew when it is resumed. A running task is not paused: its handler could not know.
 */
export function pauseTask(
  engine: Engine,
  actor: Actor,
  input: { taskId: string; expectedVersion?: number },
): Promise<Result<{ taskId: string; version: number }>> {
  return commandTask(engine, actor, { ...input, command: { kind: 'pause' } })
}

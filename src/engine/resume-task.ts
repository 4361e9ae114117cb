import type { Result } from '../task/refusal.ts'
import { commandTask } from './command-task.ts'
import type { Actor, Engine } from './engine.ts'

/** Puts a paused task back to what it waited for; times that passed meanwhile count as reached. */
export function resumeTask(
  engine: Engine,
  actor: Actor,
  input: { taskId: string; expectedVersion?: number },
): Promise<Result<{ taskId: string; version: number }>> {
  return commandTask(engine, actor, { ...input, command: { kind: 'resume' } })
}

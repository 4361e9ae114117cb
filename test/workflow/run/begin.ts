import type { JsonValue } from '../../../src/task/json.ts'
import type { Step, WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { Driver } from './driver.ts'

/** A TASK step. */
export function task(id: string, more: object = {}): Step {
  return { id, type: 'TASK', task: 'work', ...more }
}

/** A SEQUENTIAL step. */
export function sequence(id: string, steps: readonly Step[], more: object = {}): Step {
  return { id, type: 'SEQUENTIAL', steps, ...more }
}

/** A run of these steps that has started. */
export function begin(steps: readonly Step[], input: JsonValue = null, more: Partial<WorkflowDefinition> = {}): Driver {
  return new Driver({ name: 'w', steps, ...more }, { input }).start()
}

/** What the run last asked of the outside for a step. */
export function asked(driver: Driver, path: string): unknown {
  return driver.effects.findLast((effect) => 'path' in effect && effect.path === path)
}

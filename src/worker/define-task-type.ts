import type { JsonValue } from '../task/json.ts'
import type { TaskTypeDefinition } from './handler.ts'

/**
 * A task type whose handler knows the types of its input and output.
 *
 * The schemas vouch for the types: an input that does not fit never reaches the handler.
 *
 * @example
 * export const greet = defineTaskType<{ name: string }, string>({
 *   name: 'greet',
 *   input: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
 *   handler: ({ input }) => `Hello, ${input.name}`,
 * })
 */
export function defineTaskType<Input = JsonValue, Output = JsonValue>(
  definition: TaskTypeDefinition<Input, Output>,
): TaskTypeDefinition {
  return definition as unknown as TaskTypeDefinition
}

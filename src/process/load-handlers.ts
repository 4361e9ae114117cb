import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TaskTypeDefinition } from '../worker/handler.ts'

/** Thrown when a module of handlers cannot be used; the message names it and says what it should hold. */
export class HandlersUnusable extends Error {
  override readonly name = 'HandlersUnusable'
}

/**
 * The task types that modules define: every exported value that is a definition, or a list of them.
 *
 * @param paths modules, relative to `folder`
 * @throws HandlersUnusable when one cannot be loaded, holds no definition, or two define the same type
 */
export async function loadHandlers(paths: readonly string[], folder: string): Promise<TaskTypeDefinition[]> {
  const definitions: TaskTypeDefinition[] = []
  for (const path of paths) {
    const found = Object.values(await load(path, folder))
      .flat()
      .filter(isDefinition)
    if (found.length === 0) {
      throw new HandlersUnusable(
        `${path} exports no task type. Export objects like { name: 'greet', handler: async (task) => … }.`,
      )
    }
    definitions.push(...new Set(found))
  }
  return definitions
}

/** @throws HandlersUnusable when two definitions have one name */
export function refuseDoubles(definitions: readonly TaskTypeDefinition[]): void {
  const names = new Set<string>()
  for (const { name } of definitions) {
    if (names.has(name)) throw new HandlersUnusable(`The task type "${name}" is defined twice. Rename one of them.`)
    names.add(name)
  }
}

async function load(path: string, folder: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(resolve(folder, path)).href)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new HandlersUnusable(`The handlers in ${path} cannot be loaded: ${why}`, { cause })
  }
}

function isDefinition(value: unknown): value is TaskTypeDefinition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'handler' in value &&
    typeof value.handler === 'function'
  )
}

import { readFile } from 'node:fs/promises'
import { UsageError } from '../exit-code.ts'

/**
 * JSON from an argument: the text itself, `@file`, or `-` for the standard input.
 *
 * @param option that the argument belongs to, for the error
 * @throws UsageError when it cannot be read or is no JSON
 */
export async function readJson(text: string, readInput: () => Promise<string>, option = '--input'): Promise<unknown> {
  const source = text === '-' ? 'the standard input' : text.startsWith('@') ? text.slice(1) : 'the argument'
  const json = await readText(text, readInput, option)
  try {
    return JSON.parse(json)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(
      `${option} is no JSON in ${source}: ${reason}. Write it like '{"path":"src"}', @file.json or -`,
    )
  }
}

/** The text itself, that of `@file`, or the standard input for `-`. */
export async function readText(text: string, readInput: () => Promise<string>, option: string): Promise<string> {
  if (text === '-') return readInput()
  if (!text.startsWith('@')) return text
  try {
    return await readFile(text.slice(1), 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(`${option} cannot be read from ${text.slice(1)}: ${code}`)
  }
}

import { stat } from 'node:fs/promises'
import type { Call } from '../call.ts'
import { TooLarge } from '../exit-code.ts'
import { readText } from './read-json.ts'

/** Characters of a definition that servers read; a longer one is not sent. */
export const MAX_DEFINITION_CHARACTERS = 1_048_576
/** Bytes of a request that servers read. */
export const MAX_REQUEST_BYTES = 2_097_152

/** Bytes that a character may take in a file. */
const MOST_BYTES_PER_CHARACTER = 3
/** Above it a document is sent as a value: without its spaces, and without the lines of its problems. */
const MOST_SENT_AS_TEXT = 1_000_000
const MOST_READ_CHARACTERS = 32 * 1_048_576

/**
 * The text of a definition, in a file or the standard input (`-`).
 *
 * @throws TooLarge when no server would read it, without reading it all
 */
export async function readDefinition(file: string, call: Call): Promise<string> {
  return readWithin(file, call, {
    characters: MAX_DEFINITION_CHARACTERS,
    advice: 'Split it into workflows that start each other (SUBWORKFLOW).',
  })
}

/**
 * A document of another format, in a file or the standard input (`-`): its text, or its value where that is much smaller.
 *
 * @throws TooLarge when no server would read it
 */
export async function readForeign(file: string, call: Call): Promise<unknown> {
  const advice = 'Take out parts that are not imported, such as lists of files and machines.'
  const text = await readWithin(file, call, { characters: MOST_READ_CHARACTERS, advice })
  if (text.length <= MOST_SENT_AS_TEXT) return text
  const value = jsonOrText(text)
  const bytes = Buffer.byteLength(JSON.stringify(value))
  if (bytes > MAX_REQUEST_BYTES) throw tooLarge(file, `${counted(bytes)} bytes of JSON`, MAX_REQUEST_BYTES, advice)
  return value
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

interface Room {
  readonly characters: number
  /** What to do about it. */
  readonly advice: string
}

async function readWithin(file: string, { terminal }: Call, { characters, advice }: Room): Promise<string> {
  if (file !== '-') {
    // What cannot be looked at cannot be read either, which is told then.
    const bytes = await stat(file).then(
      ({ size }) => size,
      () => 0,
    )
    if (bytes > characters * MOST_BYTES_PER_CHARACTER)
      throw tooLarge(file, `${counted(bytes)} bytes`, characters, advice)
  }
  const text = await readText(file === '-' ? file : `@${file}`, terminal.readInput, '--file')
  if (text.length > characters) throw tooLarge(file, `${counted(text.length)} characters`, characters, advice)
  return text
}

function tooLarge(file: string, size: string, most: number, advice: string): TooLarge {
  const what = file === '-' ? 'The standard input' : file
  return new TooLarge(`${what} has ${size}; at most ${counted(most)} are read. ${advice}`)
}

function counted(count: number): string {
  return count.toLocaleString('en-US')
}

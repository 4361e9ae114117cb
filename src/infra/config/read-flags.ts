import { parseArgs } from 'node:util'
import { closest } from '../../text/closest.ts'
import type { Setting } from './setting.ts'

/** What is wrong with one setting. */
export interface ConfigProblem {
  /** As it was given: the variable or the flag. */
  readonly name: string
  /** Secrets masked; undefined when the value is missing or the name is the problem. */
  readonly value: string | undefined
  /** Completes "expected …". */
  readonly expected: string
}

/** The flags as they were typed. */
export interface GivenFlags {
  /** Text by name of the flag. */
  readonly values: ReadonlyMap<string, string>
  readonly problems: readonly ConfigProblem[]
  readonly isHelp: boolean
}

/** Reads the arguments; what is not a known flag with a value becomes a problem, so that all of them are reported together. */
export function readFlags(argv: readonly string[], settings: readonly Setting[]): GivenFlags {
  const values = new Map<string, string>()
  const problems: ConfigProblem[] = []
  let lastUnknown = -2
  const tokens = tokensOf(argv, settings)
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    const setting = token.kind === 'option' ? settings.find(({ flag }) => `--${flag}` === token.rawName) : undefined
    if (token.kind === 'positional') {
      // Right after an unknown flag it is most likely its value, and one complaint is enough.
      if (token.index !== lastUnknown + 1) problems.push(unexpected(token.value))
    } else if (setting === undefined) {
      lastUnknown = token.index
      if (!isHelpFlag(token.rawName)) problems.push(unknownFlag(token.rawName, settings))
    } else if (setting.placeholder !== undefined && token.value === undefined) {
      problems.push({ name: token.rawName, value: undefined, expected: setting.expected })
    } else {
      values.set(setting.flag, withEarlier(setting, values.get(setting.flag), token.value ?? 'true'))
    }
  }
  return { values, problems, isHelp: tokens.some((token) => token.kind === 'option' && isHelpFlag(token.rawName)) }
}

function tokensOf(argv: readonly string[], settings: readonly Setting[]) {
  const options = Object.fromEntries(
    settings.map(({ flag, placeholder }) => [
      flag,
      { type: placeholder === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  return parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true }).tokens
}

function isHelpFlag(rawName: string): boolean {
  return rawName === '--help' || rawName === '-h'
}

/** Lists grow with every flag, of anything else the last one counts. */
function withEarlier(setting: Setting, earlier: string | undefined, value: string): string {
  return setting.isList && earlier !== undefined ? `${earlier},${value}` : value
}

function unexpected(value: string): ConfigProblem {
  return { name: value, value: undefined, expected: 'only flags, see --help' }
}

function unknownFlag(rawName: string, settings: readonly Setting[]): ConfigProblem {
  const known = settings.map(({ flag }) => flag)
  const near = closest(rawName.replace(/^-+/, ''), known)
  const expected = near === undefined ? 'a known flag, see --help' : `a known flag: did you mean --${near}?`
  return { name: rawName, value: undefined, expected }
}

import { parseArgs } from 'node:util'
import { maskUrl } from '../mask-url.ts'
import { closest } from './closest.ts'
import type { Setting } from './setting.ts'
import { type Config, settings } from './settings.ts'

/** What is wrong with one setting. */
export interface ConfigProblem {
  /** As it was given: the variable or the flag. */
  readonly name: string
  /** Secrets masked; undefined when the value is missing or the name is the problem. */
  readonly value: string | undefined
  /** Completes "expected …". */
  readonly expected: string
}

export type ParsedConfig =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'help' }
  | { readonly kind: 'problems'; readonly problems: readonly ConfigProblem[] }

export interface ConfigInput {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The arguments after `serve`. */
  readonly argv: readonly string[]
}

/** Reads all settings; a flag wins over its variable, an empty variable counts as not set. All problems are returned together. */
export function parseConfig({ env, argv }: ConfigInput): ParsedConfig {
  const flags = readFlags(argv)
  if (flags.isHelp) return { kind: 'help' }
  const problems = [...flags.problems]
  const entries = Object.entries<Setting>(settings).map(([name, setting]) => {
    const given = givenText(setting, flags.values, env)
    if (given === undefined) return [name, undefined]
    const parsed = setting.parse.safeParse(given.text)
    if (!parsed.success) problems.push(problemOf(setting, given))
    return [name, parsed.data]
  })
  if (problems.length > 0) return { kind: 'problems', problems }
  return { kind: 'config', config: Object.fromEntries(entries) as Config }
}

/** One line for each problem, for a person. */
export function describeProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(
      ({ name, value, expected }) =>
        `  ${name}${value === undefined ? '' : ` is ${JSON.stringify(value)}`}: expected ${expected}`,
    )
    .join('\n')
}

interface GivenFlags {
  readonly values: ReadonlyMap<string, string>
  readonly problems: readonly ConfigProblem[]
  readonly isHelp: boolean
}

function readFlags(argv: readonly string[]): GivenFlags {
  const byFlag = new Map(Object.values<Setting>(settings).map((setting) => [setting.flag, setting]))
  const options = Object.fromEntries([...byFlag].map(([name, setting]) => [name, { type: optionType(setting) }]))
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true })
  const values = new Map<string, string>()
  const problems: ConfigProblem[] = []
  let isHelp = false
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      problems.push({ name: token.value, value: undefined, expected: 'only flags, see --help' })
      continue
    }
    const setting = byFlag.get(token.name)
    if (token.rawName === '--help' || token.rawName === '-h') isHelp = true
    else if (setting === undefined || !token.rawName.startsWith('--'))
      problems.push(unknownFlag(token.rawName, [...byFlag.keys()]))
    else if (setting.placeholder === undefined) values.set(token.name, token.value ?? 'true')
    else if (token.value === undefined)
      problems.push({ name: token.rawName, value: undefined, expected: setting.expected })
    else values.set(token.name, setting.isList ? joined(values.get(token.name), token.value) : token.value)
  }
  return { values, problems, isHelp }
}

function optionType(setting: Setting): 'string' | 'boolean' {
  return setting.placeholder === undefined ? 'boolean' : 'string'
}

function joined(earlier: string | undefined, value: string): string {
  return earlier === undefined ? value : `${earlier},${value}`
}

function unknownFlag(rawName: string, known: readonly string[]): ConfigProblem {
  const near = closest(rawName.replace(/^-+/, ''), known)
  return {
    name: rawName,
    value: undefined,
    expected: near === undefined ? 'a known flag, see --help' : `a known flag: did you mean --${near}?`,
  }
}

interface GivenText {
  readonly name: string
  readonly text: string
}

function givenText(
  setting: Setting,
  flags: ReadonlyMap<string, string>,
  env: ConfigInput['env'],
): GivenText | undefined {
  const flag = flags.get(setting.flag)
  if (flag !== undefined) return { name: `--${setting.flag}`, text: flag }
  const variable = env[setting.env]
  if (variable !== undefined && variable !== '') return { name: setting.env, text: variable }
  return setting.default === undefined ? undefined : { name: setting.env, text: setting.default }
}

function problemOf(setting: Setting, { name, text }: GivenText): ConfigProblem {
  return { name, value: setting.isSecret ? maskUrl(text) : text, expected: setting.expected }
}

import { maskUrl } from '../mask-url.ts'
import { type ConfigProblem, readFlags } from './read-flags.ts'
import type { Setting } from './setting.ts'
import { type Config, type Given, settings } from './settings.ts'

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
  const flags = readFlags(argv, Object.values<Setting>(settings))
  if (flags.isHelp) return { kind: 'help' }
  const problems = [...flags.problems]
  const entries = Object.entries<Setting>(settings).map(([name, setting]) => {
    const given = givenText(setting, flags.values, env)
    if (given === undefined) return [name, undefined]
    const parsed = setting.parse.safeParse(given.text)
    if (!parsed.success) problems.push(problemOf(setting, given))
    return [name, parsed.data]
  })
  const given: Partial<Given> = Object.fromEntries(entries)
  if (given.port === 'none' && given.roles?.includes('api')) {
    problems.push({
      ...problemOf(settings.port, givenText(settings.port, flags.values, env)!),
      expected: 'a port, since the role api serves HTTP',
    })
  }
  if (problems.length > 0) return { kind: 'problems', problems }
  return { kind: 'config', config: whole(given as Given) }
}

const API_PORT = 4_000

function whole(given: Given): Config {
  const port = given.port === 'auto' ? (given.roles.includes('api') ? API_PORT : 'none') : given.port
  return { ...given, port: port === 'none' ? null : port }
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

import { describeProblems, parseConfig } from '../infra/config/parse-config.ts'
import type { Config } from '../infra/config/settings.ts'

/** The settings of a command that takes none of its own: prints every problem and ends the process when there are some. */
export function readConfig(argv: readonly string[] = []): Config {
  const parsed = parseConfig({ env: process.env, argv })
  if (parsed.kind === 'config') return parsed.config
  if (parsed.kind === 'problems') process.stderr.write(`${describeProblems(parsed.problems)}\n`)
  process.exit(2)
}

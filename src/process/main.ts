import { settingsHelp } from '../infra/config/describe-settings.ts'
import { describeProblems, parseConfig } from '../infra/config/parse-config.ts'
import type { Config } from '../infra/config/settings.ts'
import { EmbeddedPostgresUnavailable } from '../infra/embedded-postgres/binaries.ts'
import { FolderInUse } from '../infra/embedded-postgres/take-server.ts'
import { MigrationError } from '../infra/migrate.ts'
import { AddressUnavailable } from './http-front.ts'
import { HandlersUnusable } from './load-handlers.ts'
import { openProcessLog } from './open-process-log.ts'
import { serve } from './serve.ts'
import { AccessUndecided } from './start-api.ts'
import { DatabaseUnreachable } from './start-database.ts'
import { listenForStop } from './stop-signals.ts'

// `task-mgmt serve`: the only file that reads the environment and the arguments, and the only one that chooses exit codes:
// 0 stopped as asked, 1 broken or unable to start, 2 wrongly called.

process.exit(await main(process.argv.slice(3)))

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseConfig({ env: process.env, argv })
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(settingsHelp())
      return 0
    case 'problems':
      process.stderr.write(`task-mgmt cannot start with these settings:\n${describeProblems(parsed.problems)}\n`)
      return 2
    case 'config':
      return run(parsed.config)
    default:
      return parsed satisfies never
  }
}

async function run(config: Config): Promise<number> {
  const log = openProcessLog(config)
  const print = config.logFormat === 'json' ? undefined : (text: string) => void process.stdout.write(text)
  const stop = listenForStop(log)
  try {
    const reason = await serve({ config, log, stop, print })
    return reason.kind === 'asked' ? 0 : 1
  } catch (error) {
    if (isExplained(error)) process.stderr.write(`task-mgmt cannot start: ${error.message}\n`)
    else log.fatal({ err: error }, 'task-mgmt cannot start')
    return 1
  }
}

/** Errors whose message is made for the person who started us: a stack trace would only hide it. */
function isExplained(error: unknown): error is Error {
  return [
    FolderInUse,
    EmbeddedPostgresUnavailable,
    MigrationError,
    AddressUnavailable,
    DatabaseUnreachable,
    AccessUndecided,
    HandlersUnusable,
  ].some((type) => error instanceof type)
}

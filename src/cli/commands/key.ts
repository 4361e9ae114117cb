import type { Command } from 'commander'
import { NetworkError } from '../../sdk/errors.ts'
import type { ApiKeyFieldsFragment, Role } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { NotThere } from '../exit-code.ts'
import { readTime } from '../read/durations.ts'
import { readRole } from '../read/options.ts'
import { type Column, table } from '../show/table.ts'
import { clean } from '../show/text.ts'
import { showRelative } from '../show/times.ts'
import type { CreateLocalKey } from '../terminal.ts'

interface CreateOptions {
  readonly name: string
  readonly role: Role
  readonly expires?: string
  readonly local?: boolean
}

const CREATE_HELP = `
Without a server the key is written straight into the database: that of DATABASE_URL, or of the data folder if it
exists. --local does that although a server runs, and makes the folder.
A server that was open to its machine closes within a second.

Example:
  task-mgmt key create --name me --role admin`

/** `key create`, `key list`, `key revoke` */
export function addKeyCommands(key: Command, run: RunCall, createLocalKey: CreateLocalKey): void {
  key
    .command('create')
    .description('Make an API key; it is shown this once')
    .requiredOption('--name <name>', 'who or what will use it')
    .requiredOption('--role <role>', 'admin, operator, developer, worker or viewer', readRole)
    .option(
      '--expires <time>',
      'when it stops to work: 2030-01-31, or from now like 90d',
      readTime(() => new Date()),
    )
    .option('--local', 'write it straight into the database of this machine')
    .addHelpText('after', CREATE_HELP)
    .action((options: CreateOptions) =>
      run(async (call) => {
        await createKey(options, call, createLocalKey)
      }),
    )
  key
    .command('list')
    .alias('ls')
    .description('List the API keys, also those that no longer work')
    .action(() =>
      run(async (call) => {
        const keys = await call.client.listApiKeys({}, { signal: call.terminal.interrupted })
        if (call.isJson) call.json(keys)
        else
          call.line(
            keys.length === 0
              ? 'No key: the server is open to its own machine.'
              : table(columns(call), keys, call.terminal),
          )
      }),
    )
  key
    .command('revoke <id>')
    .description('Revoke an API key at once and for good')
    .action((id: string) =>
      run(async (call) => {
        const input = { id }
        const { apiKey } = unwrap(await call.client.revokeApiKey({ input }, { signal: call.terminal.interrupted }))
        if (call.isJson) call.json(apiKey)
        else call.line(`Revoked ${call.terminal.colors.bold(apiKey.id)} ${clean(apiKey.name)}`)
      }),
    )
}

async function createKey(options: CreateOptions, call: Call, createLocalKey: CreateLocalKey): Promise<void> {
  const { name, role, expires, local } = options
  const createLocally = async (): Promise<void> => {
    const request = { name, role, expiresAt: expires ?? null, mayMakeFolder: local === true }
    const { secret, place, ...apiKey } = await createLocalKey(request).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message || error.name : String(error)
      throw new NotThere(`The key could not be written into the database of this machine: ${reason}`, {
        cause: error,
      })
    })
    call.terminal.err(`Written into ${place}\n`)
    show(apiKey, secret, call)
  }
  if (local === true) return createLocally()
  const input = { name, role, ...(expires !== undefined && { expiresAt: expires }) }
  try {
    const { apiKey, secret } = unwrap(await call.client.createApiKey({ input }, { signal: call.terminal.interrupted }))
    show(apiKey, secret, call)
  } catch (error) {
    // The first key is needed before a server with a public address may start.
    if (error instanceof NetworkError && error.status === null && !call.isUrlGiven) return createLocally()
    throw error
  }
}

function show(apiKey: { readonly id: string; readonly role: string }, secret: string, call: Call): void {
  if (call.isJson) {
    call.json({ apiKey, secret })
    return
  }
  const { colors } = call.terminal
  call.line(secret)
  call.terminal.err(
    `${colors.yellow('Keep it well: it is shown this once.')} It is ${apiKey.id}, ${apiKey.role}.\n${colors.dim('Use it with: export TASK_MGMT_API_KEY=…')}\n`,
  )
}

function columns({ terminal: { now } }: Call): Column<ApiKeyFieldsFragment>[] {
  const present = now()
  const since = (iso: string | null) => (iso === null ? '' : showRelative(iso, present))
  return [
    { title: 'ID', of: ({ id }) => id },
    { title: 'NAME', of: ({ name }) => clean(name), isFlexible: true },
    { title: 'ROLE', of: ({ role }) => role },
    { title: 'BEGINS', of: ({ prefix }) => prefix },
    { title: 'CREATED', of: ({ createdAt }) => since(createdAt) },
    { title: 'LAST USED', of: ({ lastUsedAt }) => since(lastUsedAt) },
    { title: 'EXPIRES', of: ({ expiresAt }) => since(expiresAt) },
    { title: 'REVOKED', of: ({ revokedAt }) => since(revokedAt) },
  ]
}

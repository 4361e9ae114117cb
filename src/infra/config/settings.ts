import { z } from 'zod'
import { logLevels } from '../log.ts'
import {
  amounts,
  duration,
  flag,
  listOf,
  oneOf,
  origin,
  pairs,
  path,
  type Setting,
  url,
  wholeNumber,
} from './setting.ts'

/** What a process can do; one process does all of it unless told otherwise. */
export const roles = ['api', 'scheduler', 'worker'] as const

export type ProcessRole = (typeof roles)[number]

/** Every setting of the server, in the order in which people need them. */
export const settings = {
  port: {
    env: 'PORT',
    flag: 'port',
    placeholder: 'NUMBER',
    default: 'auto',
    about:
      'Port of the HTTP server; 0 takes any free one, none opens none. auto is 4000 with the role api, none without it.',
    expected: 'a whole number from 0 to 65535, none or auto',
    parse: z.union([wholeNumber(0, 65_535), oneOf(['auto', 'none'])]),
  },
  host: {
    env: 'HOST',
    flag: 'host',
    placeholder: 'ADDRESS',
    default: '127.0.0.1',
    about: 'Address the HTTP server listens on; 0.0.0.0 is every one of this machine.',
    expected: 'an IP address or a host name of this machine',
    parse: z.string().regex(/^[\w.:-]+$/),
  },
  handlers: {
    env: 'TASK_MGMT_HANDLERS',
    flag: 'handlers',
    placeholder: 'MODULE',
    default: '',
    about: 'Modules that define task types of your own.',
    expected: 'paths of modules, separated by commas',
    parse: listOf(path),
    isList: true,
  },
  allowedRoots: {
    env: 'TASK_MGMT_ALLOWED_ROOTS',
    flag: 'allow-root',
    placeholder: 'FOLDER',
    default: '.',
    about: 'Folders that built-in handlers may read.',
    expected: 'paths of folders, separated by commas',
    parse: listOf(path),
    isList: true,
  },
  allowedOrigins: {
    env: 'TASK_MGMT_ALLOWED_ORIGINS',
    flag: 'allow-origin',
    placeholder: 'ORIGIN',
    default: '',
    about: 'Origins of other sites whose pages may call, such as http://localhost:5173.',
    expected: 'origins like https://app.example.com, separated by commas',
    parse: listOf(origin),
    isList: true,
  },
  slots: {
    env: 'TASK_MGMT_SLOTS',
    flag: 'slots',
    placeholder: 'NUMBER',
    default: '10',
    about: 'Most tasks that this process runs at the same time.',
    expected: 'a whole number from 1 to 10000',
    parse: wholeNumber(1, 10_000),
  },
  workerResources: {
    env: 'TASK_MGMT_WORKER_RESOURCES',
    flag: 'worker-resources',
    placeholder: 'AMOUNTS',
    default: '',
    about:
      'What the tasks of this process may take together, beside or instead of the processors and the memory of its machine.',
    expected: 'amounts like cpuCores=4,memoryMb=8192,gpu=1,license=2',
    parse: amounts,
    isList: true,
  },
  queues: {
    env: 'TASK_MGMT_QUEUES',
    flag: 'queues',
    placeholder: 'NAMES',
    default: 'default',
    about: 'The queues that the worker of this process takes tasks from.',
    expected: 'names of 1 to 100 characters, separated by commas',
    parse: listOf(z.string().max(100)).pipe(z.array(z.string()).min(1)),
    isList: true,
  },
  workerLabels: {
    env: 'TASK_MGMT_WORKER_LABELS',
    flag: 'worker-labels',
    placeholder: 'LABELS',
    default: '',
    about: 'Names and values that the worker of this process is chosen by.',
    expected: 'labels like region=eu,disk=ssd',
    parse: pairs,
    isList: true,
  },
  dataDir: {
    env: 'TASK_MGMT_DATA_DIR',
    flag: 'data-dir',
    placeholder: 'FOLDER',
    default: '.data',
    about: 'Folder of the embedded PostgreSQL; not used with a database URL.',
    expected: 'the path of a folder',
    parse: path,
  },
  databaseUrl: {
    env: 'DATABASE_URL',
    flag: 'database-url',
    placeholder: 'URL',
    default: undefined,
    about: 'PostgreSQL 15 or newer to use instead of the embedded one.',
    expected: 'a URL like postgresql://user:password@host:5432/database',
    parse: url('postgres', 'postgresql'),
    isSecret: true,
  },
  redisUrl: {
    env: 'REDIS_URL',
    flag: 'redis-url',
    placeholder: 'URL',
    default: undefined,
    about: 'Redis that carries wake-ups between processes; without it the database does.',
    expected: 'a URL like redis://host:6379',
    parse: url('redis', 'rediss'),
    isSecret: true,
  },
  initialKey: {
    env: 'TASK_MGMT_INITIAL_KEY',
    flag: 'initial-key',
    placeholder: 'KEY',
    default: undefined,
    about: 'API key of role ADMIN that is made at the start when no other can be used.',
    expected: 'tmk_ and 43 letters, digits, _ or -: 32 random bytes in base64url',
    parse: z.string().regex(/^tmk_[A-Za-z0-9_-]{43}$/),
    isSecret: true,
  },
  roles: {
    env: 'TASK_MGMT_ROLES',
    flag: 'roles',
    placeholder: 'ROLES',
    default: roles.join(','),
    about: 'What this process does. With some of the roles it may run beside others on one data folder.',
    expected: `some of ${roles.join(', ')}, separated by commas`,
    parse: listOf(oneOf(roles)).refine((list) => list.length > 0),
    isList: true,
  },
  databasePool: {
    env: 'TASK_MGMT_DATABASE_POOL',
    flag: 'database-pool',
    placeholder: 'NUMBER',
    default: '20',
    about: 'Most database connections of this process.',
    expected: 'a whole number from 4 to 1000',
    parse: wholeNumber(4, 1_000),
  },
  leaseSeconds: {
    env: 'TASK_MGMT_LEASE',
    flag: 'lease',
    placeholder: 'SECONDS',
    default: '30',
    about: 'A worker that is silent for this long has lost its tasks to others.',
    expected: 'a whole number of seconds from 5 to 3600',
    parse: wholeNumber(5, 3_600),
  },
  keepTasksMs: {
    env: 'TASK_MGMT_KEEP_TASKS',
    flag: 'keep-tasks',
    placeholder: 'TIME',
    default: '30d',
    about: 'Finished tasks are deleted after this time, unless something unfinished depends on them or is their child.',
    expected: 'a time from 1m to 3650d, such as 30d, 12h or 90m',
    parse: duration('1m', '3650d'),
  },
  keepRunsMs: {
    env: 'TASK_MGMT_KEEP_RUNS',
    flag: 'keep-runs',
    placeholder: 'TIME',
    default: '30d',
    about:
      'Finished runs of workflows are deleted after this time, with their steps; child runs only after their parent.',
    expected: 'a time from 1m to 3650d, such as 30d, 12h or 90m',
    parse: duration('1m', '3650d'),
  },
  keepEventsMs: {
    env: 'TASK_MGMT_KEEP_EVENTS',
    flag: 'keep-events',
    placeholder: 'TIME',
    default: '30d',
    about: 'Events are dropped after this time: by whole days, below 1d one by one. Older cursors expire.',
    expected: 'a time from 1m to 3650d, such as 30d, 12h or 90m',
    parse: duration('1m', '3650d'),
  },
  keepLogsMs: {
    env: 'TASK_MGMT_KEEP_LOGS',
    flag: 'keep-logs',
    placeholder: 'TIME',
    default: '14d',
    about: 'Log lines of tasks are dropped after this time: by whole days, below 1d one by one.',
    expected: 'a time from 1m to 3650d, such as 30d, 12h or 90m',
    parse: duration('1m', '3650d'),
  },
  keepIdempotencyKeysMs: {
    env: 'TASK_MGMT_KEEP_IDEMPOTENCY_KEYS',
    flag: 'keep-idempotency-keys',
    placeholder: 'TIME',
    default: '2d',
    about: 'A call that is repeated with its idempotency key within this time makes nothing twice.',
    expected: 'a time from 1d to 3650d, such as 30d, 12h or 90m',
    parse: duration('1d', '3650d'),
  },
  stopSeconds: {
    env: 'TASK_MGMT_STOP_SECONDS',
    flag: 'stop-seconds',
    placeholder: 'SECONDS',
    default: '10',
    about: 'How long running tasks may take to end when the server is asked to stop.',
    expected: 'a whole number of seconds from 0 to 3600',
    parse: wholeNumber(0, 3_600),
  },
  logLevel: {
    env: 'TASK_MGMT_LOG_LEVEL',
    flag: 'log-level',
    placeholder: 'LEVEL',
    default: 'info',
    about: 'Least level that is logged.',
    expected: `one of ${logLevels.join(', ')}`,
    parse: oneOf(logLevels),
  },
  logFormat: {
    env: 'TASK_MGMT_LOG_FORMAT',
    flag: 'log-format',
    placeholder: 'FORMAT',
    default: 'auto',
    about: 'Lines for people (pretty) or JSON for machines; auto is pretty on a terminal.',
    expected: 'one of auto, pretty, json',
    parse: oneOf(['auto', 'pretty', 'json']),
  },
  isDevelopment: {
    env: 'TASK_MGMT_DEV',
    flag: 'dev',
    default: 'false',
    about: 'Serves GraphiQL and tells more about errors.',
    expected: 'true or false',
    parse: flag,
  },
} as const satisfies Record<string, Setting>

type Table = typeof settings

/** The settings by name, each read and checked by itself. */
export type Given = {
  readonly [Name in keyof Table]: Table[Name]['default'] extends string
    ? z.output<Table[Name]['parse']>
    : z.output<Table[Name]['parse']> | undefined
}

/** The settings by name, read and checked, also against each other. */
export type Config = Omit<Given, 'port'> & {
  /** null: no HTTP server */
  readonly port: number | null
}

import { z } from 'zod'
import { logLevels } from '../log.ts'
import { flag, listOf, oneOf, path, type Setting, url, wholeNumber } from './setting.ts'

/** What a process can do; one process does all of it unless told otherwise. */
export const roles = ['api', 'scheduler', 'worker'] as const

export type ProcessRole = (typeof roles)[number]

/** Every setting of the server, in the order in which people need them. */
export const settings = {
  port: {
    env: 'PORT',
    flag: 'port',
    placeholder: 'NUMBER',
    default: '4000',
    about: 'Port of the HTTP server; 0 takes any free one.',
    expected: 'a whole number from 0 to 65535',
    parse: wholeNumber(0, 65_535),
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
  slots: {
    env: 'TASK_MGMT_SLOTS',
    flag: 'slots',
    placeholder: 'NUMBER',
    default: '10',
    about: 'Most tasks that this process runs at the same time.',
    expected: 'a whole number from 1 to 10000',
    parse: wholeNumber(1, 10_000),
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
    about: 'Redis that carries live events between processes; not needed for one process.',
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
    about: 'What this process does.',
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
  eventRetentionDays: {
    env: 'TASK_MGMT_EVENT_RETENTION_DAYS',
    flag: 'event-retention-days',
    placeholder: 'DAYS',
    default: '30',
    about: 'Events older than this are dropped.',
    expected: 'a whole number of days from 1 to 3650',
    parse: wholeNumber(1, 3_650),
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

/** The settings by name, read and checked. */
export type Config = {
  readonly [Name in keyof Table]: Table[Name]['default'] extends string
    ? z.output<Table[Name]['parse']>
    : z.output<Table[Name]['parse']> | undefined
}

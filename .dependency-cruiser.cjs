// The import rules of docs/architecture.md; `npm run check:imports` holds the source to them.

/** Nouns, and which other nouns each may know. Coordination between any others belongs into engine, above them all. */
const knows = {
  access: [],
  expression: [],
  task: ['expression'],
  event: ['task'],
  worker: ['task', 'wait'],
  wait: ['task', 'expression'],
  scheduling: ['task'],
  pool: ['task'],
  rate: ['task'],
  workflow: ['task', 'expression'],
  schedule: ['task', 'workflow'],
  trigger: ['task', 'expression', 'wait', 'workflow', 'schedule'],
  metric: ['task', 'event'],
  evaluation: ['task'],
  retention: [],
  integration: ['task', 'worker'],
}

const nouns = Object.keys(knows)
const doors = ['graph', 'rest', 'cli', 'web', 'sdk']

/** What several verbs are made of. Every other file of engine is a verb of its own. */
const shared = [
  'apply',
  'cascade',
  'attempt-end',
  'check-ends',
  'log-entry',
  'decision',
  'settle-dependents',
  'command-task',
  'plan-call',
  'plan-runs',
  'plan-fires',
  'plan-lone-tasks',
  'plan-firings',
  'write-firings',
  'trigger-events',
  'command-trigger',
  'unique-task',
  'transact',
  'engine',
  'idempotency',
  'lock-cascade',
  'make-tasks',
  'start-fires',
  'schedule-events',
  'worker-events',
  'command-schedule',
  'wait-changes',
  'look-back',
  'answer-waits',
  'run-tools',
  'stepped-run',
  'step-runs',
  'run-effects',
  'run-turns',
  'begin-run',
  'command-run',
  'command-one',
  'delete-finished',
]

/** Where the package and its commands begin; threads are started by their URL, which no import shows. */
const entries = [
  '^src/process/(main|cli)\\.ts$',
  '^src/index\\.ts$',
  '^src/sdk/sdk\\.ts$',
  '^src/enqueue/enqueue\\.ts$',
  '^src/remote-worker/worker\\.ts$',
  '[-/]thread(-entry)?\\.ts$',
]

/** Modules of Node that reach outside the process. Time, paths and hashes do not. */
const reachingOut = '^(node:)?(fs|net|tls|dgram|dns|http|https|http2|child_process|cluster|worker_threads)(/|$)'

const any = (names) => `(${names.join('|')})`
const npm = (names) => `node_modules/${any(names)}(/|$)`
const store = 'store(\\.ts$|/)'

const nounRules = nouns.map((noun) => ({
  name: `${noun}-knows-its-nouns`,
  severity: 'error',
  comment: `${noun} may know ${knows[noun].join(' and ') || 'no other noun'}: what joins others with it is a verb of engine, so that no cycle can arise.`,
  from: { path: `^src/${noun}/` },
  to: { path: `^src/${any(nouns)}/`, pathNot: `^src/${any([noun, ...knows[noun]])}/` },
}))

const doorRules = doors.map((door) => ({
  name: `${door}-knows-no-door`,
  severity: 'error',
  comment:
    'A door that goes through another inherits its limits and its faults. cli and web are clients and speak through sdk.',
  from: { path: `^src/${door}/` },
  to: {
    path: `^src/${any(doors)}/`,
    pathNot: `^src/${any(door === 'cli' || door === 'web' ? [door, 'sdk'] : [door])}/`,
  },
}))

module.exports = {
  forbidden: [
    {
      name: 'nouns-decide-without-io',
      severity: 'error',
      comment:
        'A decision that reads nothing can be tried on every state and every command, and read without thinking of failures. Only the store of a noun reaches the database. An integration is the exception by name: its whole work is outside.',
      from: { path: `^src/${any(nouns.filter((noun) => noun !== 'integration'))}/`, pathNot: `^src/[^/]+/${store}` },
      to: { path: [reachingOut, '^src/infra/', npm(['pg', 'ioredis', 'pino', '@prisma'])] },
    },
    {
      name: 'decisions-call-no-store',
      severity: 'error',
      comment:
        'Read, decide, write are three steps of one verb; a decision may name the type that a store reads, never call it.',
      from: {
        path: `^src/([^/]+)/`,
        pathNot: [`^src/[^/]+/${store}`, '^src/(engine|loop|process|infra|graph|rest|cli|web|sdk|remote-worker|index)'],
      },
      to: { path: `^src/[^/]+/${store}`, dependencyTypesNot: ['type-only'] },
    },
    ...nounRules,
    {
      name: 'nouns-know-no-engine',
      severity: 'error',
      comment: 'Nouns are the bottom: the verbs, the loops and the doors stand on them.',
      from: { path: `^src/${any(nouns)}/` },
      to: { path: `^src/${any(['engine', 'loop', ...doors])}/` },
    },
    {
      name: 'stores-know-no-store',
      severity: 'error',
      comment:
        'The order of locks is decided in one place, the verb: a store that calls another noun’s store takes locks that its caller does not see.',
      from: { path: `^src/([^/]+)/${store}` },
      to: { path: `^src/[^/]+/${store}`, pathNot: '^src/$1/' },
    },
    {
      name: 'verbs-stand-alone',
      severity: 'error',
      comment: `One verb is one transaction: one that calls another nests them, or commits half. Shared are only ${shared.join(', ')}.`,
      from: { path: '^src/engine/' },
      to: { path: '^src/engine/', pathNot: `^src/engine/${any(shared)}\\.ts$` },
    },
    {
      name: 'engine-knows-no-loop-or-door',
      severity: 'error',
      comment: 'A verb answers with values; who asked, and when, is not its business.',
      from: { path: '^src/engine/' },
      to: { path: `^src/${any(['loop', ...doors])}/` },
    },
    {
      name: 'loops-know-no-door',
      severity: 'error',
      comment: 'A worker or a scheduler runs without any door in its process.',
      from: { path: '^src/loop/' },
      to: { path: `^src/${any(doors)}/` },
    },
    ...doorRules,
    {
      name: 'clients-know-no-server',
      severity: 'error',
      comment: 'cli and web see what every client sees: what they need and sdk lacks is missing in the graph.',
      from: { path: '^src/(cli|web)/' },
      to: { path: `^src/${any([...nouns, 'engine', 'loop', 'infra'])}/` },
    },
    {
      name: 'sdk-runs-anywhere',
      severity: 'error',
      comment: 'task-mgmt/sdk runs in browsers and other runtimes, so it has no dependency and no module of Node.',
      from: { path: '^src/sdk/' },
      to: { pathNot: '^src/sdk/' },
    },
    {
      name: 'enqueue-is-small',
      severity: 'error',
      comment: 'task-mgmt/enqueue runs inside programs that use nothing else of us: it must not load the server.',
      from: { path: '^src/enqueue/' },
      to: { pathNot: ['^src/enqueue/', '^src/task/type-id\\.ts$'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'remote-worker-speaks-through-sdk',
      severity: 'error',
      comment:
        'task-mgmt/worker runs far from the database: it reaches the engine through the graph, and loads nothing of the server.',
      from: { path: '^src/remote-worker/' },
      to: {
        path: [
          `^src/${any(['engine', 'graph', 'rest', 'cli', 'web', 'process', 'integration'])}/`,
          npm(['pg', 'ioredis', '@prisma', '@pothos', 'graphql', 'graphql-yoga']),
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'infra-knows-nothing-of-ours',
      severity: 'error',
      comment: 'Machinery that knows what it carries cannot be used for anything else.',
      from: { path: '^src/infra/' },
      to: { path: '^src/', pathNot: '^src/(infra|text)/' },
    },
    {
      name: 'text-knows-nothing',
      severity: 'error',
      comment: 'What reads and writes words is plain functions that every part may use, clients too.',
      from: { path: '^src/text/' },
      to: { pathNot: '^src/text/' },
    },
    {
      name: 'pothos-only-in-graph',
      severity: 'error',
      comment: 'What the graph looks like is decided in graph; the rest must not notice when its library changes.',
      from: { path: '^src/', pathNot: ['^src/graph/', '^src/infra/generated/'] },
      to: { path: npm(['@pothos', 'graphql-yoga', 'graphql-ws']) },
    },
    {
      name: 'redis-only-in-infra',
      severity: 'error',
      comment: 'Redis is a wire that may fail at any time; only the channel in infra knows what that means.',
      from: { path: '^src/', pathNot: '^src/infra/' },
      to: { path: npm(['ioredis', 'redis']) },
    },
    {
      name: 'nothing-knows-process',
      severity: 'error',
      comment:
        'The composition roots read the environment and choose what runs together; what they compose must not ask them back.',
      from: { path: '^src/', pathNot: ['^src/process/', '^src/index\\.ts$'] },
      to: { path: '^src/process/' },
    },
    {
      name: 'source-knows-no-test',
      severity: 'error',
      comment: 'The package ships src without tests, benchmarks, examples and scripts.',
      from: { path: '^src/' },
      to: { path: '^(?!src/|node_modules/|package\\.json$)[^:]+/', dependencyTypes: ['local'] },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'Files of a cycle can only be read, tested and moved together. Types count too.',
      from: { path: '^src/', pathNot: '^src/infra/generated/' },
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      severity: 'error',
      comment: 'What neither a command, a script nor a door of the package reaches is dead, or lacks its caller.',
      from: { path: ['^bin/', ...entries] },
      to: { path: '^src/', pathNot: ['^src/infra/generated/', ...entries], reachable: false },
    },
    {
      name: 'no-undeclared-package',
      severity: 'error',
      comment:
        'The published package installs dependencies only: a development or a borrowed one is missing at the user’s.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'An import that finds nothing hides from every other rule.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no API for other programs yet; swc reads its syntax, imports of types included.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
}

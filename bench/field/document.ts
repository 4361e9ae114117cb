import { CATALOGUE } from './catalogue.ts'
import { REDIS_SETTINGS } from './redis.ts'
import type { Results } from './results.ts'
import { SYSTEMS } from './system.ts'
import { type Table, tablesOf } from './tables.ts'

/** docs/benchmarks.md, from what one run found. */
export function benchmarksDocument(results: Results): string {
  const sections = [
    `${HEAD}${warning(results)}`,
    circumstances(results),
    contenders(results),
    ...tablesOf(results).map(section),
    NOTES,
  ]
  return `${sections.join('\n\n')}\n`
}

const HEAD = `# Benchmarks against the field

Four well-known systems and ours do the same work on the same machine, one after the other, on one PostgreSQL and one Redis. The page is printed from one run's
results (\`npm run benchmarks\`); run it on your machine:

\`\`\`sh
npm run bench:field                                          # all of it: about an hour
npm run bench:field -- --quick                               # small sizes, a few minutes
npm run bench:field -- --only ours,pg-boss --part latency    # a part of it
\`\`\`

It needs \`redis-server\` in the PATH, and installs the other systems into \`bench/field\` on the first run.`

/** Small sizes show that everything runs, and nothing else. */
function warning({ command, note }: Results): string {
  const isSmall = command.includes('--quick')
  const text = isSmall ? 'Printed from a run of small sizes on a busy machine: the figures count for nothing.' : note
  return text === undefined ? '' : `\n\n> ${text}`
}

function circumstances({ at, command, machine, node, postgres, redis }: Results): string {
  return `## The run

| | |
| --- | --- |
| when | ${at.slice(0, 10)} |
| command | \`${command}\` |
| machine | ${machine}; sender, workers and servers share it |
| Node | ${node} |
| PostgreSQL | ${postgres}, embedded, the settings of production: \`fsync\` and \`synchronous_commit\` on |
| Redis | ${redis}, ${REDIS_SETTINGS.map((setting) => `\`${setting}\``).join(', ')} |`
}

function contenders({ versions }: Results): string {
  const rows = SYSTEMS.map((name) => {
    const { package: npm, keeps, best, default: byDefault, source } = CATALOGUE[name]
    return `| [${npm}](${source}) ${versions[name]} | ${keeps} | ${best} | ${byDefault} |`
  })
  return `## Who takes part, and what each keeps

| system | keeps | best set-up | default |
| --- | --- | --- | --- |
${rows.join('\n')}

**With history.** Ours cannot be told to keep less, so each peer is also measured with three events per task beside it (created, started, completed) in a table like
ours with one index less, for BullMQ in a Redis stream. Created is written after each batch that was sent; the other two are collected and written in batches
without holding up the handler: the fastest way, and weaker than ours, whose events commit together with what they tell.`
}

function section({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '---:')))
  return [`## ${title}`, '', line(head), rule, ...rows.map(line)].join('\n')
}

const NOTES = `## How to read it

- (a) One process sends in batches of 500 while one or two others work; the clock stops when the last task has come to its end in the database and its history is
  written. 2,000 tasks go before it starts. "ours n ×" is how many times as fast ours is in its best set-up. ¹ Not done in the time given: the rate is what was started in it.
- Costs are of all processes of a kind together, the sender included, divided by the tasks.
- (b) The clock of the machine is read before the call that sends and as the handler's first act, in two processes.
- (c) Rows are copies of one that came in through the front door (BullMQ: all came through it); the table is vacuumed and analysed; a claim is the statement that the
  system's worker sends, in the system's own code; ten of BullMQ's claims, which take one job each, go in one round trip.
- (d) Fairness: ours orders by the strategy named; the peers by arrival.
- (e) Memory of Node and Redis is resident memory; PostgreSQL's is the sum over its processes with shared pages counted once.`

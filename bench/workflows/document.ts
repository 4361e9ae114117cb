import type { Results } from './results.ts'

/** docs/workflow-benchmarks.md, from what one run found. */
export function workflowsDocument(results: Results): string {
  const sections = [HEAD + noteOf(results), circumstances(results), ...tablesOf(results), NOTES]
  return `${sections.join('\n\n')}\n`
}

const HEAD = `# Speed of workflows

What runs of workflows take, with tasks whose handler does nothing. The page is printed from one run; run it on your machine:

\`\`\`sh
npm run bench:workflows                                 # all of it: a few minutes
npm run bench:workflows -- --only chain,wide            # parts: chain, many, wide, trigger, waiting
npm run bench:workflows -- --document FILE              # writes this page
\`\`\`

How fast tasks are that belong to no workflow, and beside other systems: [benchmarks.md](benchmarks.md).`

function noteOf({ note }: Results): string {
  return note === undefined ? '' : `\n\n> ${note}`
}

function circumstances({ at, command, machine, node, postgres }: Results): string {
  return `## The run

| | |
| --- | --- |
| when | ${at.slice(0, 10)} |
| command | \`${command}\` |
| machine | ${machine}; client, server and PostgreSQL share it |
| Node | ${node} |
| PostgreSQL | ${postgres}, embedded, the settings of production: \`fsync\` and \`synchronous_commit\` on |`
}

/** Those of the parts that were measured. */
function tablesOf({ chain, many, wide, trigger, waiting }: Results): string[] {
  return [
    ...(chain === undefined
      ? []
      : [
          table(
            `(a) A run of ${chain.steps} steps, one after the other, on an idle server: from the mutation to the subscriber's WorkflowRunCompleted`,
            ['p50, ms', 'p99, ms', 'samples'],
            [[ms(chain.p50), ms(chain.p99), String(chain.samples)]],
          ),
        ]),
    ...(many === undefined
      ? []
      : [
          table(
            `(b) ${whole(many.runs)} runs of ${many.steps} steps at the same time`,
            [
              'steps a second',
              'seconds',
              'CPU of the server a step, µs',
              'CPU of PostgreSQL a step, µs',
              'memory of the server, MiB',
            ],
            [
              [
                whole(many.transitionsPerSecond),
                many.seconds.toFixed(1),
                whole(many.serverUs),
                whole(many.postgresUs),
                whole(many.serverMb),
              ],
            ],
          ),
        ]),
    ...(wide === undefined || wide.length === 0
      ? []
      : [
          table(
            '(c) One run with many tasks',
            [
              'run',
              '`maxParallelSteps`',
              'seconds',
              'tasks a second',
              'statements',
              'commits',
              'CPU of the server a task, µs',
              'memory of the server, MiB',
            ],
            wide.map((one) => [
              one.name,
              String(one.maxParallelSteps),
              one.seconds.toFixed(2),
              whole(one.tasks / one.seconds),
              whole(one.statements),
              whole(one.commits),
              whole(one.serverUs),
              whole(one.serverMb),
            ]),
          ),
        ]),
    ...(trigger === undefined
      ? []
      : [
          table(
            `(d) What the trigger that tells runs of the ends of their tasks costs other tasks: ${whole(trigger.tasks)} tasks, medians of ${trigger.rounds} rounds each, in turns`,
            ['with it, tasks/s', 'without it, tasks/s', 'with : without'],
            [
              [
                whole(trigger.withTrigger),
                whole(trigger.withoutTrigger),
                (trigger.withTrigger / trigger.withoutTrigger).toFixed(3),
              ],
            ],
          ),
        ]),
    ...(waiting === undefined || waiting.length === 0
      ? []
      : [
          table(
            '(e) Runs that wait, half for an event each and half for a day',
            [
              'waiting',
              'a look for runs to step, p50 / p99, ms',
              'an event ends one of them, p50 / p99, ms',
              'CPU of the idle server, ms/s',
              'CPU of PostgreSQL, ms/s',
            ],
            waiting.map((one) => [
              whole(one.waiting),
              `${one.passP50.toFixed(2)} / ${one.passP99.toFixed(2)}`,
              `${ms(one.wakeP50)} / ${ms(one.wakeP99)}`,
              one.serverCpuMs.toFixed(0),
              one.postgresCpuMs.toFixed(0),
            ]),
          ),
        ]),
  ]
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '---:')))
  return [`## ${title}`, '', line(head), rule, ...rows.map(line)].join('\n')
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const ms = (value: number): string => (value < 100 ? value.toFixed(1) : whole(value))

const NOTES = `## How to read it

- (a) One run at a time, 10 slots, with a pause of random length between. The clock is the client's, over HTTP and WebSocket. Three tasks are ten commits that wait for the disk: the start, and of each
  task its start, its end, and what the run does about that.
- (b) All runs wait for one event; the clock runs from that to the last run's end. 100 slots.
- (c) The second of two runs, 100 slots; statements without BEGIN, SET and COMMIT, by \`pg_stat_statements\`.
- (e) A look is \`advanceRuns\`, which the scheduler calls five times a second and whenever something happened. Rows are copies of runs that came in through the front door.`

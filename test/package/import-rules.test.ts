import { execFile } from 'node:child_process'
import { appendFile, cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const config = join(root, '.dependency-cruiser.cjs')
const cruiser = join(root, 'node_modules/.bin/depcruise')

/** A file, the import it must not have, and the rule that says so. */
const planted: readonly [file: string, line: string, rule: string][] = [
  ['task/retry.ts', "import 'pg'", 'nouns-decide-without-io'],
  ['task/timing.ts', "import type { Pool } from 'pg'", 'nouns-decide-without-io'],
  ['task/status.ts', "import { readFile } from 'node:fs/promises'", 'nouns-decide-without-io'],
  ['event/filter.ts', "import { openLog } from '../infra/log.ts'", 'nouns-decide-without-io'],
  ['worker/thrown.ts', "import { lockTasks } from '../task/store/lock-tasks.ts'", 'decisions-call-no-store'],
  ['task/order.ts', "import type { Lease } from '../worker/lease.ts'", 'task-knows-its-nouns'],
  ['worker/batcher.ts', "import type { NewEvent } from '../event/event.ts'", 'worker-knows-its-nouns'],
  ['worker/lease.ts', "import type { Engine } from '../engine/engine.ts'", 'nouns-know-no-engine'],
  ['worker/store/workers.ts', "import '../../task/store/lock-tasks.ts'", 'stores-know-no-store'],
  ['engine/pause-task.ts', "import './cancel-task.ts'", 'verbs-stand-alone'],
  ['engine/wake-due.ts', "import type { Context } from '../graph/context.ts'", 'engine-knows-no-loop-or-door'],
  ['loop/periodic.ts', "import type { Context } from '../graph/context.ts'", 'loops-know-no-door'],
  ['infra/log.ts', "import type { Json } from '../task/json.ts'", 'infra-knows-nothing-of-ours'],
  ['text/closest.ts', "import type { Json } from '../task/json.ts'", 'text-knows-nothing'],
  ['loop/executor.ts', "import '@pothos/core'", 'pothos-only-in-graph'],
  ['loop/heartbeat.ts', "import 'ioredis'", 'redis-only-in-infra'],
  ['engine/rescue-lost.ts', "import type { Parts } from '../process/parts.ts'", 'nothing-knows-process'],
  ['engine/resume-task.ts', "import '../../bin/print-schema.ts'", 'source-knows-no-test'],
  ['task/move.ts', "import type { Transition } from './transition.ts'", 'no-cycle'],
  ['infra/prisma.ts', "import 'fast-check'", 'no-undeclared-package'],
  ['infra/mask-url.ts', "import 'a-package-that-nobody-installed'", 'no-unresolvable'],
  ['infra/orphan.ts', 'export const orphan = 1', 'no-orphan'],
]

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'task-mgmt-imports-'))
  for (const name of ['src', 'bin', 'package.json']) await cp(join(root, name), join(folder, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
})
afterAll(() => rm(folder, { recursive: true }))

async function violations(): Promise<string[]> {
  const argv = [cruiser, 'src', 'bin', '--config', config, '--output-type', 'json']
  const { stdout } = await run(process.execPath, argv, { cwd: folder, maxBuffer: 64_000_000 }).catch((end) => end)
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { from: string; to: string; rule: { name: string } }[] }
  }
  return summary.violations.map(({ from, to, rule }) => `${rule.name}: ${rule.name === 'no-orphan' ? to : from}`)
}

it('finds nothing in the source as it is, and each forbidden import by its rule', async () => {
  expect(await violations()).toEqual([])
  for (const [file, line] of planted) await appendFile(join(folder, 'src', file), `\n${line}\n`)
  const found = await violations()
  for (const [file, , rule] of planted) expect(found).toContain(`${rule}: src/${file}`)
}, 120_000)

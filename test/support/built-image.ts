import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDockerfile, type Stage } from './dockerfile.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Why stages cannot be built here, or null: it takes root on Linux, and layers of files on top of this machine's. */
export function obstacle(): string | null {
  const trial = mkdtempSync(join(tmpdir(), 'task-mgmt-layers-'))
  try {
    const { status, stderr } = openLayer(trial).spawnSync(['true'], {})
    return status === 0 ? null : `overlay mounts do not work here: ${String(stderr).trim()}`
  } finally {
    rmSync(trial, { recursive: true, force: true })
  }
}

/** The last stage, built: this machine's files below it, what its steps wrote above. */
export interface BuiltImage {
  readonly stage: Stage
  /** What the steps of the last stage wrote. */
  readonly files: string
  /** The command that runs `argv` in it, as its user and with its variables alone. */
  command(argv: readonly string[], env?: Record<string, string>): [string, ...string[]]
  /** The same beside the process `pid` that `command` started: one file system must not be mounted twice. */
  inside(pid: number, argv: readonly string[], env?: Record<string, string>): [string, ...string[]]
  remove(): void
}

/**
 * Does what `docker build` does, without an engine: each stage's steps in order, as root in a file system of its own with
 * an empty home. In place of the base image stands this machine, with the Node that runs the test.
 */
export function buildImage(): BuiltImage {
  const folder = mkdtempSync(join(tmpdir(), 'task-mgmt-image-'))
  const built = new Map<string, string>()
  const stages = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'))
  try {
    for (const [index, stage] of stages.entries()) {
      const place = join(folder, String(index))
      buildStage(stage, place, built)
      built.set(stage.name ?? String(index), join(place, 'upper'))
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  const stage = stages.at(-1)!
  const place = join(folder, String(stages.length - 1))
  const layer = openLayer(place)
  const asUser = (env: Record<string, string>): RunOptions => ({
    env: { ...stage.env, ...env },
    user: stage.settings.USER!,
    folder: workdir(stage),
  })
  return {
    stage,
    files: join(place, 'upper'),
    command: (argv, env = {}) => layer.command(argv, asUser(env)),
    inside: (pid, argv, env = {}) => layer.inside(pid, argv, asUser(env)),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

function buildStage(stage: Stage, place: string, built: ReadonlyMap<string, string>): void {
  const layer = openLayer(place)
  let folder = '/'
  for (const step of stage.steps) {
    if (step.kind === 'workdir') {
      folder = posix.resolve(folder, step.folder)
      mkdirSync(join(place, 'upper', folder), { recursive: true })
    } else if (step.kind === 'copy') {
      const from = step.from === null ? root : built.get(step.from)
      if (from === undefined) throw new Error(`COPY --from=${step.from}: there is no such stage`)
      for (const source of step.sources)
        copy(from, source, join(place, 'upper', posix.resolve(folder, step.target)), step.target)
    } else {
      const { status, stdout, stderr } = layer.spawnSync(['sh', '-c', step.command], { env: stage.env, folder })
      if (status !== 0) throw new Error(`RUN ${step.command} ended with ${status}:\n${stdout}${stderr}`)
    }
  }
}

/** As COPY does: a folder's contents go to the target, a file into it when its name ends with a slash. */
function copy(from: string, source: string, target: string, written: string): void {
  const path = join(from, source)
  if (from === root && !allowed().has(source.split('/')[0]!))
    throw new Error(`.dockerignore keeps ${source} out of the build`)
  if (!existsSync(path)) throw new Error(`COPY ${source}: there is no such file`)
  const isInto = statSync(path).isFile() && (written.endsWith('/') || written === '.')
  cpSync(path, isInto ? join(target, basename(source)) : target, { recursive: true, verbatimSymlinks: true })
}

/** What .dockerignore lets in: it is a list of exceptions from everything. */
function allowed(): Set<string> {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const [first, ...rest] = lines
  if (first !== '*' || !rest.every((line) => /^![\w.-]+$/.test(line)))
    throw new SyntaxError('.dockerignore: not understood')
  return new Set(rest.map((line) => line.slice(1)))
}

function workdir(stage: Stage): string {
  return stage.steps.reduce(
    (folder, step) => (step.kind === 'workdir' ? posix.resolve(folder, step.folder) : folder),
    '/',
  )
}

interface RunOptions {
  readonly env?: Record<string, string>
  /** `uid:gid`; default root. */
  readonly user?: string
  readonly folder?: string
}

/** Below $1, $2 and $3 are the layer, the Node to run with, and who and where; the rest is the command. */
const ENTER = `
  set -e
  place=$1 node=$2 user=$3 folder=$4; shift 4
  mount --make-rprivate /
  mount -t overlay overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$place/root"
  mount --rbind /proc "$place/root/proc"
  mount --rbind /dev "$place/root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$place/root/tmp"
  mount -t tmpfs -o mode=700 tmpfs "$place/root/root"
  mount -t tmpfs tmpfs "$place/root/usr/local/bin"
  touch "$place/root/usr/local/bin/node"
  mount --bind "$node" "$place/root/usr/local/bin/node"
  exec chroot --userspec="$user" "$place/root" /usr/bin/env --chdir="$folder" "$@"
`

/** Files above this machine's: writes go to `upper` below `place`. Mounts live as long as the command that made them. */
function openLayer(place: string) {
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(place, name), { recursive: true })
  const enter = join(place, 'enter.sh')
  writeFileSync(enter, ENTER)
  const clean = (argv: readonly string[], { env = {}, user = '0:0' }: RunOptions): string[] => {
    const variables = Object.entries({ ...ENVIRONMENT, HOME: user === '0:0' ? '/root' : '/', ...env })
    return ['-i', ...variables.map(([name, value]) => `${name}=${value}`), ...argv]
  }
  const command = (argv: readonly string[], options: RunOptions): [string, ...string[]] => {
    const { user = '0:0', folder = '/' } = options
    return ['unshare', '--mount', 'sh', enter, place, process.execPath, user, folder, ...clean(argv, options)]
  }
  const inside = (pid: number, argv: readonly string[], options: RunOptions): [string, ...string[]] => {
    const { user = '0:0', folder = '/' } = options
    const entry = [
      'nsenter',
      '--mount',
      `--target=${pid}`,
      'chroot',
      `--userspec=${user}`,
      join(place, 'root'),
    ] as const
    return [...entry, '/usr/bin/env', `--chdir=${folder}`, ...clean(argv, options)]
  }
  return {
    command,
    inside,
    spawnSync: (argv: readonly string[], options: RunOptions) => {
      const [program, ...rest] = command(argv, options)
      return spawnSync(program, rest, { encoding: 'utf8', maxBuffer: 64_000_000 })
    },
  }
}

/** Nothing of the caller's, but how its network trusts and where its way out is. */
const ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin',
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy)$/i.test(name)),
  ),
} as Record<string, string>

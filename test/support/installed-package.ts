import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isFullSize } from './size.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The published package in a user's folder. */
export interface InstalledPackage {
  readonly folder: string
  /** What npm packed, relative to the package. */
  readonly files: readonly string[]
  readonly packedBytes: number
  /** Runs a program there. */
  run(
    program: string,
    argv: readonly string[],
    env?: Record<string, string>,
  ): Promise<{ stdout: string; stderr: string }>
  remove(): Promise<void>
}

/** Packs the project as npm would publish it, and installs the tarball into an empty folder. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'task-mgmt-package-'))
  const packed = await pack(folder)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const tarball = join(folder, packed.filename)
  if (isFullSize) await install(folder, tarball)
  else await link(folder, tarball)
  return {
    folder,
    files: packed.files.map(({ path }) => path),
    packedBytes: packed.size,
    run: (program, argv, env = {}) =>
      run(program, argv, {
        cwd: folder,
        env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: folder, ...env },
      }),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

async function pack(folder: string): Promise<Packed> {
  // Built here, and packed without scripts: what `prepack` prints would stand before the JSON.
  await run(process.execPath, ['bin/build.ts'], { cwd: root })
  const argv = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const { stdout } = await run('npm', argv, { cwd: root, maxBuffer: 16_000_000 })
  const answer = JSON.parse(stdout) as readonly Packed[] | Readonly<Record<string, Packed>>
  return Object.values(answer)[0]!
}

async function install(folder: string, tarball: string): Promise<void> {
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: folder })
}

/**
 * What an installation does, without the registry: the package, and beside it links to what it depends on, and to
 * nothing else, so that a development dependency it needs is missing.
 */
async function link(folder: string, tarball: string): Promise<void> {
  const target = join(folder, 'node_modules', 'task-mgmt')
  await mkdir(join(folder, 'node_modules', '.bin'), { recursive: true })
  await mkdir(target)
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', target])
  const { dependencies } = JSON.parse(await readFile(join(target, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) {
    const place = join(folder, 'node_modules', name)
    await mkdir(dirname(place), { recursive: true })
    await symlink(join(root, 'node_modules', name), place)
  }
  await symlink('../task-mgmt/bin/task-mgmt.js', join(folder, 'node_modules', '.bin', 'task-mgmt'))
}

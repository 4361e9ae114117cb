import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

/** What other processes of this machine need to reach a running server by its data folder. */
export interface ConnectionFile {
  /** With the password; the file is readable by its owner only. */
  readonly databaseUrl: string
  /** The process that owns the server and stops it. */
  readonly pid: number
  readonly postmasterPid: number
  /** Where the owner serves HTTP, once it does. */
  readonly url?: string | undefined
}

const shape: z.ZodType<ConnectionFile> = z.object({
  databaseUrl: z.string(),
  pid: z.int(),
  postmasterPid: z.int(),
  url: z.string().optional(),
})

/** Writes `connection.json`, whole or not at all. */
export async function writeConnectionFile(dataFolder: string, connection: ConnectionFile): Promise<void> {
  const staging = `${pathOf(dataFolder)}.${process.pid}`
  await writeFile(staging, `${JSON.stringify(connection, undefined, 2)}\n`, { mode: 0o600 })
  await rename(staging, pathOf(dataFolder))
}

/**
 * Reads `connection.json`.
 *
 * The server may be gone when its owner was killed: connecting shows it.
 *
 * @returns undefined when no server runs, or the file is not ours to read
 */
export async function readConnectionFile(dataFolder: string): Promise<ConnectionFile | undefined> {
  try {
    return shape.parse(JSON.parse(await readFile(pathOf(dataFolder), 'utf8')))
  } catch {
    return undefined
  }
}

/** Removes `connection.json` after an orderly stop. */
export async function removeConnectionFile(dataFolder: string): Promise<void> {
  await rm(pathOf(dataFolder), { force: true })
}

function pathOf(dataFolder: string): string {
  return join(dataFolder, 'connection.json')
}

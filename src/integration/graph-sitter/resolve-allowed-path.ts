import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'

/** A path that may be read, with what else it may lead to; symbolic links resolved. */
export interface AllowedPath {
  readonly kind: 'allowed'
  readonly path: string
  /** The allowed roots that exist. */
  readonly roots: readonly string[]
}

export type PathRefusal = { readonly kind: 'outside' } | { readonly kind: 'not-found' }

/**
 * Decides on the real path whether it lies within the allowed roots.
 *
 * What lies outside is `outside` whether it exists or not, so that the answer tells nothing about the machine.
 *
 * @param path absolute, or relative to the first allowed root
 * @param allowedRoots folders; at least one
 */
export async function resolveAllowedPath(
  path: string,
  allowedRoots: readonly string[],
): Promise<AllowedPath | PathRefusal> {
  const wanted = resolve(allowedRoots[0] ?? '.', path)
  const resolved = await Promise.all(allowedRoots.map(realPathOrNull))
  const roots = resolved.filter((root) => root !== null)
  const real = await realPathOrNull(wanted)
  if (real !== null) return isWithinAny(real, roots) ? { kind: 'allowed', path: real, roots } : { kind: 'outside' }
  return isWithinAny(wanted, [...allowedRoots.map((root) => resolve(root)), ...roots])
    ? { kind: 'not-found' }
    : { kind: 'outside' }
}

/** True when the path is one of the folders or lies below one; purely by the text of absolute paths. */
export function isWithinAny(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const way = relative(folder, path)
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
  })
}

async function realPathOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch {
    return null
  }
}

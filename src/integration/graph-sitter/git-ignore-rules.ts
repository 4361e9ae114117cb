import { readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { isWithinAny } from './resolve-allowed-path.ts'

/** The rules of one ignore file; they hold below `folder`. */
interface IgnoreFile {
  readonly folder: string
  readonly rules: Ignore
}

/** The ignore files that hold in a folder, those of outer folders first. */
export type IgnoreRules = readonly IgnoreFile[]

/**
 * The rules from outside that hold in an analysed folder: of the folders around it up to the top of its git checkout,
 * and of `.git/info/exclude`.
 *
 * Without a checkout, or when the rules ignore the folder itself (it was asked for by name), none do.
 *
 * @param roots nothing outside these folders is read
 */
export async function outerIgnoreRules(folder: string, roots: readonly string[]): Promise<IgnoreRules> {
  const around: string[] = []
  for (let at = folder; isWithinAny(at, roots); at = dirname(at)) {
    around.unshift(at)
    if (await exists(join(at, '.git'))) break
    if (dirname(at) === at) return []
  }
  const top = around[0]
  if (top === undefined || !(await exists(join(top, '.git')))) return []
  let rules = await readRules(top, join(top, '.git', 'info', 'exclude'))
  for (const at of around.slice(0, -1)) {
    rules = [...rules, ...(await readRules(at, join(at, '.gitignore')))]
    const next = around[around.indexOf(at) + 1]
    if (next !== undefined && isIgnored(next, 'folder', rules)) return []
  }
  return rules
}

/** The rules that hold in a folder: those of the folder around it and its own `.gitignore`. */
export async function withOwnRules(folder: string, outer: IgnoreRules): Promise<IgnoreRules> {
  return [...outer, ...(await readRules(folder, join(folder, '.gitignore')))]
}

/** As git decides: the innermost ignore file with an opinion wins, in it the last pattern that matches. */
export function isIgnored(path: string, kind: 'file' | 'folder', rules: IgnoreRules): boolean {
  for (const { folder, rules: own } of rules.toReversed()) {
    const way = relative(folder, path).split(sep).join('/')
    const { ignored, unignored } = own.test(kind === 'folder' ? `${way}/` : way)
    if (ignored || unignored) return ignored
  }
  return false
}

async function readRules(folder: string, file: string): Promise<IgnoreRules> {
  try {
    const text = await readFile(file, 'utf8')
    return [{ folder, rules: ignore({ ignorecase: false }).add(text) }]
  } catch {
    return []
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

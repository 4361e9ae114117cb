import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SkippedFile, SourceFile } from './analyse-file.ts'
import { type IgnoreRules, isIgnored, outerIgnoreRules, withOwnRules } from './git-ignore-rules.ts'
import { languageOf } from './language.ts'
import { isWithinAny } from './resolve-allowed-path.ts'
import type { WantedFiles } from './wanted-files.ts'

/** What to list. */
export interface ListingOptions {
  /** The analysed folder, symbolic links resolved. */
  readonly folder: string
  /** Symbolic links out of these folders are not followed. */
  readonly roots: readonly string[]
  readonly wanted: WantedFiles
  readonly signal: AbortSignal
}

export interface Listing {
  readonly files: readonly SourceFile[]
  readonly skipped: readonly SkippedFile[]
}

/**
 * Lists the source files below a folder, by path.
 *
 * Left out without a word: `.git`, what git ignores, `node_modules`, what is not wanted. A symbolic link is followed
 * when it leads outside the folder but not outside the roots, and each real folder is listed once; what a link within
 * the folder leads to is listed under its own name.
 */
export async function listSourceFiles(options: ListingOptions): Promise<Listing> {
  const { files, skipped } = await new Lister(options).list()
  return { files: files.toSorted(byPath), skipped: skipped.toSorted(byPath) }
}

interface Place {
  /** How it is reported; below a followed link it differs from where it is. */
  readonly path: string
  readonly absolutePath: string
  readonly rules: IgnoreRules
}

class Lister {
  readonly #options: ListingOptions
  readonly #files: SourceFile[] = []
  readonly #skipped: SkippedFile[] = []
  readonly #folders: Place[] = []
  readonly #links: Place[] = []
  readonly #visited = new Set<string>()

  constructor(options: ListingOptions) {
    this.#options = options
  }

  async list(): Promise<Listing> {
    const { folder, roots, signal } = this.#options
    this.#folders.push({ path: '', absolutePath: folder, rules: await outerIgnoreRules(folder, roots) })
    while (this.#folders.length > 0 || this.#links.length > 0) {
      signal.throwIfAborted()
      const next = this.#folders.pop()
      if (next !== undefined) await this.#listFolder(next)
      else await this.#followLink(this.#links.shift() as Place)
    }
    return { files: this.#files, skipped: this.#skipped }
  }

  async #listFolder(folder: Place): Promise<void> {
    if (this.#visited.has(folder.absolutePath)) return
    this.#visited.add(folder.absolutePath)
    const rules = await withOwnRules(folder.absolutePath, folder.rules)
    for (const entry of await this.#readFolder(folder)) {
      const path = folder.path === '' ? entry.name : `${folder.path}/${entry.name}`
      const place = { path, absolutePath: join(folder.absolutePath, entry.name), rules }
      if (entry.isDirectory()) {
        if (this.#entersFolder(place)) this.#folders.push(place)
        // Links come last, so that what they lead to is first listed under its own name.
      } else if (entry.isSymbolicLink()) this.#links.push(place)
      else if (!isIgnored(place.absolutePath, 'file', rules)) this.#addFile(place, entry.isFile())
    }
  }

  async #readFolder({ path, absolutePath }: Place): Promise<readonly Dirent[]> {
    try {
      return await readdir(absolutePath, { withFileTypes: true })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'CHANGED' : 'NOT_READABLE'
      this.#skip({ path: path || '.', reason, message: `The folder cannot be read (${code})` })
      return []
    }
  }

  #entersFolder({ path, absolutePath, rules }: Place): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (name === '.git' || name === 'node_modules') return false
    return this.#options.wanted.hasFolder(path) && !isIgnored(absolutePath, 'folder', rules)
  }

  #addFile({ path, absolutePath }: Place, isRegular: boolean): void {
    const language = languageOf(path)
    if (language === null || !this.#options.wanted.hasFile(path)) return
    if (isRegular) this.#files.push({ path, absolutePath, language })
    else this.#skip({ path, reason: 'NOT_A_REGULAR_FILE', message: 'Not a regular file' })
  }

  async #followLink(link: Place): Promise<void> {
    const { folder, roots, wanted } = this.#options
    const { path } = link
    if (isIgnored(link.absolutePath, 'file', link.rules) || !this.#entersFolder(link)) return
    const target = await realpath(link.absolutePath).catch(() => null)
    if (target === null) {
      if (!wanted.hasFile(path)) return
      return this.#skip({ path, reason: 'BROKEN_LINK', message: 'A symbolic link that leads nowhere' })
    }
    if (!isWithinAny(target, roots)) {
      return this.#skip({ path, reason: 'OUTSIDE_ROOTS', message: 'A symbolic link out of the allowed roots' })
    }
    if (isWithinAny(target, [folder]) || this.#visited.has(target)) return
    const found = await stat(target).catch(() => null)
    if (found?.isDirectory()) {
      this.#folders.push({ path, absolutePath: target, rules: await outerIgnoreRules(target, roots) })
    } else {
      this.#visited.add(target)
      this.#addFile({ ...link, absolutePath: target }, found?.isFile() ?? false)
    }
  }

  #skip(file: SkippedFile): void {
    this.#skipped.push(file)
  }
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}

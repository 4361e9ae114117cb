import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** One place of the source to be written differently. */
export interface Edit {
  /** Below the project's folder. */
  readonly file: string
  /** Stands there exactly once. */
  readonly from: string
  readonly to: string
}

/** A source tree that processes are started from. */
export interface SourceTree {
  readonly path: string
  remove(): Promise<void>
}

/** The tree that the tests are of. */
export const ownTree: SourceTree = { path: root, remove: async () => undefined }

/** A copy of the tree with edits, in a folder of its own; the packages are the same. */
export async function editedTree(edits: readonly Edit[]): Promise<SourceTree> {
  const edited = await editedFiles(edits)
  const path = await mkdtemp(join(tmpdir(), 'task-mgmt-tree-'))
  for (const part of ['src', 'bin', 'prisma', 'package.json']) {
    await cp(join(root, part), join(path, part), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'))
  for (const [file, text] of edited) await writeFile(join(path, file), text)
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/**
 * The files as the edits make them, by name.
 *
 * @throws when what an edit replaces does not stand in its file exactly once: the edit must be adapted
 */
export async function editedFiles(edits: readonly Edit[]): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>()
  for (const { file, from, to } of edits) {
    const text = texts.get(file) ?? (await readFile(join(root, file), 'utf8'))
    const places = text.split(from).length - 1
    if (places !== 1) throw new Error(`${file} has ${places} places that read ${JSON.stringify(from)}, not 1`)
    texts.set(
      file,
      text.replace(from, () => to),
    )
  }
  return texts
}

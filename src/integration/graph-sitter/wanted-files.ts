import ignore from 'ignore'
import { type Language, languageOf } from './language.ts'

/** Which files an analysis is about, by their paths relative to the analysed folder. */
export interface WantedFiles {
  hasFile(path: string): boolean
  /** False when no file below the folder can be wanted. */
  hasFolder(path: string): boolean
}

/**
 * @param include patterns as in `.gitignore`; when there are any, a file must match one
 * @param exclude patterns as in `.gitignore` of what to leave out, files or whole folders
 */
export function wantedFiles({
  languages,
  include,
  exclude,
}: {
  languages: readonly Language[]
  include: readonly string[]
  exclude: readonly string[]
}): WantedFiles {
  const included = ignore({ ignorecase: false }).add(include)
  const excluded = ignore({ ignorecase: false }).add(exclude)
  return {
    hasFile(path) {
      const language = languageOf(path)
      if (language === null || !languages.includes(language)) return false
      return (include.length === 0 || included.ignores(path)) && !excluded.ignores(path)
    },
    hasFolder: (path) => !excluded.ignores(`${path}/`),
  }
}

/** Of the files that are wanted only these. */
export function onlyThese(wanted: WantedFiles, paths: readonly string[]): WantedFiles {
  const files = new Set(paths)
  const folders = new Set(paths.flatMap(foldersAround))
  return {
    hasFile: (path) => files.has(path) && wanted.hasFile(path),
    hasFolder: (path) => folders.has(path) && wanted.hasFolder(path),
  }
}

function foldersAround(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'))
}

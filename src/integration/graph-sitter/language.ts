import { extname } from 'node:path'

/** The languages that can be analysed; TSX has a grammar of its own. */
export const LANGUAGES = ['python', 'typescript', 'tsx', 'javascript'] as const

export type Language = (typeof LANGUAGES)[number]

const LANGUAGE_BY_EXTENSION: Readonly<Record<string, Language>> = {
  '.py': 'python',
  '.pyi': 'python',
  '.ts': 'typescript',
  '.mts': 'typescript',
  '.cts': 'typescript',
  '.tsx': 'tsx',
  '.js': 'javascript',
  '.mjs': 'javascript',
  '.cjs': 'javascript',
  '.jsx': 'javascript',
}

/** Every extension that is analysed, with its dot. */
export const EXTENSIONS: readonly string[] = Object.keys(LANGUAGE_BY_EXTENSION)

/** The language of a file by its extension, in any case; null when it is none of ours. */
export function languageOf(path: string): Language | null {
  return LANGUAGE_BY_EXTENSION[extname(path).toLowerCase()] ?? null
}

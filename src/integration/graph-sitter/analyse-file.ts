import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { ecmascriptRules } from './ecmascript-rules.ts'
import type { FileStructure } from './file-structure.ts'
import type { Language } from './language.ts'
import { ParserUnavailable, type SourceParser } from './parse-source.ts'
import { pythonRules } from './python-rules.ts'
import { readStructure } from './read-structure.ts'
import type { StructureRules } from './structure-rules.ts'

/** A file to analyse. */
export interface SourceFile {
  /** Relative to the analysed root, with `/`; how the file is reported. */
  readonly path: string
  /** Where it is, symbolic links resolved. */
  readonly absolutePath: string
  readonly language: Language
}

export const SKIP_REASONS = [
  'TOO_LARGE',
  'BINARY',
  'MINIFIED',
  'NOT_A_REGULAR_FILE',
  'OUTSIDE_ROOTS',
  'BROKEN_LINK',
  'CHANGED',
  'NOT_READABLE',
] as const

/** A source file or folder that was left out, and why. */
export interface SkippedFile {
  readonly path: string
  readonly reason: (typeof SKIP_REASONS)[number]
  readonly message: string
}

/** A file on which the parser itself broke down. */
export interface CrashedFile {
  readonly path: string
  readonly message: string
}

export type FileOutcome =
  | { readonly kind: 'analysed'; readonly file: FileStructure }
  | { readonly kind: 'skipped'; readonly file: SkippedFile }
  | { readonly kind: 'crashed'; readonly file: CrashedFile }

const RULES: Readonly<Record<Language, StructureRules>> = {
  python: pythonRules,
  typescript: ecmascriptRules,
  tsx: ecmascriptRules,
  javascript: ecmascriptRules,
}

/**
 * Reads and analyses one file. Invalid UTF-8 is read with replacement characters, a byte order mark is dropped.
 *
 * @throws ParserUnavailable
 * @throws WebAssembly.RuntimeError when the parser's memory is spoilt: the thread must not go on
 */
export async function analyseFile(
  file: SourceFile,
  { parser, maxFileBytes }: { parser: SourceParser; maxFileBytes: number },
): Promise<FileOutcome> {
  const content = await readSource(file, maxFileBytes)
  if ('reason' in content) return { kind: 'skipped', file: content }
  try {
    return { kind: 'analysed', file: await analyseSource(file, { parser, bytes: content.bytes }) }
  } catch (error) {
    if (error instanceof ParserUnavailable || (error instanceof Error && error.name === 'RuntimeError')) throw error
    return { kind: 'crashed', file: { path: file.path, message: String(error) } }
  }
}

/** Analyses the text of one file. */
export async function analyseSource(
  { path, language }: Pick<SourceFile, 'path' | 'language'>,
  { parser, bytes }: { parser: SourceParser; bytes: Buffer },
): Promise<FileStructure> {
  const text = new TextDecoder().decode(bytes)
  const parsed = await parser.parse(text, language)
  const structure = readStructure(parsed, RULES[language])
  return { path, language, bytes: bytes.length, problem: parsed.problem, ...structure }
}

async function readSource(
  { path, absolutePath }: SourceFile,
  maxFileBytes: number,
): Promise<{ bytes: Buffer } | SkippedFile> {
  try {
    // The last part of the path was no link when it was listed; one put there since is not followed, and a pipe
    // does not block.
    const opened = await open(
      absolutePath,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    )
    try {
      const { size, isFile } = await opened.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }))
      if (!isFile) return { path, reason: 'NOT_A_REGULAR_FILE', message: 'Not a regular file' }
      if (size > maxFileBytes) {
        return { path, reason: 'TOO_LARGE', message: `${size} bytes are over the limit of ${maxFileBytes}` }
      }
      const bytes = await opened.readFile()
      return refusal(path, bytes) ?? { bytes }
    } finally {
      await opened.close()
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
      return { path, reason: 'CHANGED', message: `Deleted or replaced during the analysis (${code})` }
    }
    return { path, reason: 'NOT_READABLE', message: `Cannot be read (${code})` }
  }
}

function refusal(path: string, bytes: Buffer): SkippedFile | null {
  if (bytes.subarray(0, BINARY_PROBE_BYTES).includes(0)) {
    return { path, reason: 'BINARY', message: 'Holds NUL bytes, so it is no text' }
  }
  if (bytes.length < MINIFIED_FROM_BYTES) return null
  const meanLineBytes = Math.round(bytes.length / (countByte(bytes, 10) + 1))
  if (meanLineBytes <= MINIFIED_LINE_BYTES) return null
  return { path, reason: 'MINIFIED', message: `Looks minified: lines of ${meanLineBytes} bytes on average` }
}

const BINARY_PROBE_BYTES = 8_192
const MINIFIED_FROM_BYTES = 16_384
const MINIFIED_LINE_BYTES = 500

function countByte(bytes: Buffer, byte: number): number {
  let count = 0
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) count++
  return count
}

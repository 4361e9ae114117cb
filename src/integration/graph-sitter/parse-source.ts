import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Node, Parser, Tree, Language as TreeSitterLanguage } from '@vscode/tree-sitter-wasm'
import treeSitter from '@vscode/tree-sitter-wasm'
import { bridgeGrammarGaps } from './grammar-gaps.ts'
import type { Language } from './language.ts'
import { copyTree, type SyntaxNode } from './syntax-tree.ts'
import { lineOf, lineStarts } from './text-lines.ts'

/** The first place of a text that does not follow the grammar; line and column count from 1. */
export interface SyntaxProblem {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A parsed text. With a problem, `root` holds what could be recovered around it. */
export interface ParsedSource {
  readonly text: string
  readonly lineStarts: readonly number[]
  readonly root: SyntaxNode
  readonly problem: SyntaxProblem | null
}

/** Parses texts one after the other; grammars are loaded when first needed and kept. */
export interface SourceParser {
  /**
   * @throws ParserUnavailable when the parser or the grammar cannot be loaded
   * @throws Error when the text takes longer than the time limit
   */
  parse(text: string, language: Language): Promise<ParsedSource>
}

/** The installation is at fault, not the text. */
export class ParserUnavailable extends Error {
  override readonly name = 'ParserUnavailable'
}

/**
 * Makes a parser of its own: one for each thread.
 *
 * @param timeLimitMs longest time for one text
 */
export function sourceParser({ timeLimitMs = 10_000 }: { timeLimitMs?: number } = {}): SourceParser {
  const grammars = new Map<Language, Promise<TreeSitterLanguage>>()
  let parser: Promise<Parser> | null = null

  return {
    async parse(text, language) {
      parser ??= startParser()
      const ready = await parser
      const grammar = grammars.get(language) ?? loadGrammar(language)
      grammars.set(language, grammar)
      ready.setLanguage(await grammar)
      const tree = parseBridged(ready, text, language, performance.now() + timeLimitMs)
      try {
        const starts = lineStarts(text)
        return { text, lineStarts: starts, root: copyTree(tree), problem: firstProblem(tree, text, starts) }
      } finally {
        tree.delete()
      }
    },
  }
}

// The grammars come with the package as WebAssembly: nothing is compiled or fetched at install.
const WASM_FOLDER = dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm'))

async function startParser(): Promise<Parser> {
  try {
    await treeSitter.Parser.init()
    return new treeSitter.Parser()
  } catch (cause) {
    throw new ParserUnavailable('The parser cannot be started; is @vscode/tree-sitter-wasm installed?', { cause })
  }
}

async function loadGrammar(language: Language): Promise<TreeSitterLanguage> {
  try {
    return await treeSitter.Language.load(join(WASM_FOLDER, `tree-sitter-${language}.wasm`))
  } catch (cause) {
    throw new ParserUnavailable(`The grammar of ${language} cannot be loaded`, { cause })
  }
}

function parseBridged(parser: Parser, text: string, language: Language, deadline: number): Tree {
  const tree = parseUntil(parser, text, deadline)
  if (!tree.rootNode.hasError) return tree
  for (const bridgedText of bridgeGrammarGaps(text, language)) {
    const bridged = parseUntil(parser, bridgedText, deadline)
    if (!bridged.rootNode.hasError) {
      tree.delete()
      return bridged
    }
    bridged.delete()
  }
  return tree
}

function parseUntil(parser: Parser, text: string, deadline: number): Tree {
  const tree = parser.parse(text, null, { progressCallback: () => performance.now() > deadline })
  if (tree !== null) return tree
  parser.reset()
  throw new Error('Parsing took longer than the time limit')
}

function firstProblem(tree: Tree, text: string, starts: readonly number[]): SyntaxProblem | null {
  if (!tree.rootNode.hasError) return null
  const node = firstErrorNode(tree.rootNode)
  const line = lineOf(starts, node.startIndex)
  const column = node.startIndex - (starts[line - 1] ?? 0) + 1
  if (node.isMissing) return { line, column, message: `Missing "${node.type}"` }
  const excerpt = text
    .slice(node.startIndex, node.endIndex)
    .split(/[\r\n]/, 1)[0]
    ?.trim()
    .slice(0, 60)
  return { line, column, message: excerpt ? `Unexpected syntax at "${excerpt}"` : 'Unexpected syntax' }
}

function firstErrorNode(root: Node): Node {
  let node = root
  while (!node.isError && !node.isMissing) {
    const next = node.children.find((child) => child?.hasError || child?.isMissing)
    if (!next) return node
    node = next
  }
  return node
}

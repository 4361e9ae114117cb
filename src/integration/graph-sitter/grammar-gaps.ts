import type { Language } from './language.ts'

/**
 * Rewrites valid syntax that the grammars do not know yet, so that the file can be parsed all the same.
 *
 * Every offset stays what it was: characters are replaced one for one, and names are read from the original text.
 * Meant as further tries for a text that did not parse; the caller keeps the first that parses without an error, so a
 * pattern that also matches inside a comment or a string does no harm.
 * Measured on the 362 files of effect/src: 193 fail as they are, 5 after this.
 *
 * @see https://github.com/tree-sitter/tree-sitter-typescript/issues/370
 * @returns the texts to try, from the mildest change to the boldest; none when no known gap occurs
 */
export function bridgeGrammarGaps(text: string, language: Language): readonly string[] {
  if (language === 'python') return []
  const renamed = text.replace(RESERVED_ALIAS, (_, before: string, word: string) => `${before}_${word.slice(1)}`)
  if (language === 'javascript') return changed(text, [renamed])
  const mild = renamed
    .replace(VARIANCE, (_, before: string, variance: string) => before + blank(variance))
    .replace(IMPORT_TYPE, (imported) => `_${blank(imported.slice(1))}`)
    .replace(EXPORT_TYPE_ALL, (_, before: string, word: string) => before + blank(word))
    .replace(OPTIONAL_IN, (_, before: string) => `${before}_n`)
    .replace(GLOBAL_BLOCK, (_, indent: string, word: string) => indent + blank(word))
  // In TSX a line that starts with `<` is an element more often than a signature.
  return changed(text, language === 'tsx' ? [mild] : [mild, terminateMembers(mild)])
}

/** `export { a as function }`: any word may stand there, the grammar wants no reserved one. */
const RESERVED_ALIAS = /(\bas\s+)(?!default\b)([a-z]+)(?=\s*[,}])/g

/** `in`, `out` and `in out` before a type parameter (TypeScript 4.7). */
const VARIANCE = /([<,]\s*(?:\/\*(?:[^*]|\*(?!\/)){0,500}\*\/\s*)?(?:const\s+)?)(in\s+out|in|out)(?=\s+[A-Za-z_$])/g

/** `import("x").Type` and `import("x")<Type>` where type arguments follow. */
const IMPORT_TYPE = /\bimport\((?:"[^"\n]*"|'[^'\n]*')\)(?=\.[A-Z]|<)/g

/** `export type * from` (TypeScript 5.0): without the word it exports the same names. */
const EXPORT_TYPE_ALL = /^([ \t]*export\s+)(type)(?=\s+\*)/gm

/** An optional member that is called `in`. */
const OPTIONAL_IN = /((?:^|[{;,])\s*(?:readonly\s+)?)in(?=\?\s*:)/gm

/** `global { … }` within `declare module`: without its word it reads as a plain block. */
const GLOBAL_BLOCK = /^([ \t]+)(global)(?=\s*\{)/gm

/**
 * A call or construct signature on a line of its own after a line that may end a member; comments may stand between.
 * All repeats are bounded, so that no text makes it crawl.
 */
const UNTERMINATED_MEMBER =
  /([\w)\]>}'"`$])\n((?:\s*(?:\/\/[^\n]*\n|\/\*(?:[^*]|\*(?!\/)){0,5000}\*\/)){0,20}\s*)(?=(?:new\s*)?[<(])/g

const GOES_ON = /(?:=>|\/\/.*|\b(?:extends|return|in|of|as|is|keyof|typeof|infer|satisfies|new|await|yield|else|do))$/

/** Puts a semicolon in the place of the line break behind each unterminated member. */
function terminateMembers(text: string): string {
  return text.replace(UNTERMINATED_MEMBER, (whole, last: string, between: string, offset: number) => {
    const line = text.slice(text.lastIndexOf('\n', offset) + 1, offset + 1)
    return GOES_ON.test(line) ? whole : `${last};${between}`
  })
}

function changed(text: string, tries: readonly string[]): readonly string[] {
  return [...new Set(tries)].filter((attempt) => attempt !== text)
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}

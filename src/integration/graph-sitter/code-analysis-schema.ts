import type { JsonSchema } from '../../task/json.ts'
import { CHANGE_KINDS } from '../git/changed-file.ts'
import { SKIP_REASONS } from './analyse-file.ts'
import { TRUNCATED_PARTS } from './analysis-report.ts'
import { FUNCTION_KINDS, IMPORT_KINDS, TYPE_KINDS } from './file-structure.ts'
import { EXTENSIONS, LANGUAGES } from './language.ts'

export const DEFAULT_MAX_FILE_BYTES = 2_000_000
export const DEFAULT_MAX_FILES = 20_000

const patterns = (description: string): JsonSchema => ({
  description,
  type: 'array',
  items: { type: 'string', minLength: 1, maxLength: 500 },
  maxItems: 100,
  default: [],
})

/** What `code_analysis` takes; JSON Schema draft 2020-12. */
export const codeAnalysisInputSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Code analysis input',
  type: 'object',
  required: ['path'],
  additionalProperties: false,
  properties: {
    path: {
      description:
        'File or folder to analyse, such as a git checkout: absolute, or relative to the first allowed root. It must lie within the allowed roots.',
      type: 'string',
      minLength: 1,
      maxLength: 4096,
    },
    changedSince: {
      description:
        'Analyse only files that differ between the commit that is checked out and the one where it parted from this branch, tag or commit, as in a pull request; the report has `changes` then. The path must be in a git checkout. A branch that is not there is looked for at origin. null or absent: all files.',
      type: ['string', 'null'],
      pattern: '^[^-:\\s][^\\s]*$',
      maxLength: 250,
      default: null,
    },
    include: patterns(
      'Patterns as in .gitignore, relative to the path, such as "src/**/*.ts". When there are any, only files that match one are analysed.',
    ),
    exclude: patterns('Patterns as in .gitignore, relative to the path, of files and folders to leave out.'),
    languages: {
      description: `Languages to analyse, told by extension (${EXTENSIONS.join(' ')}).`,
      type: 'array',
      items: { enum: [...LANGUAGES] },
      minItems: 1,
      uniqueItems: true,
      default: [...LANGUAGES],
    },
    maxFileBytes: {
      description: 'Larger files are reported as skipped.',
      type: 'integer',
      minimum: 1,
      maximum: 20_000_000,
      default: DEFAULT_MAX_FILE_BYTES,
    },
    maxFiles: {
      description: 'With more source files than this the task fails with TOO_MANY_FILES instead of analysing a part.',
      type: 'integer',
      minimum: 1,
      maximum: 100_000,
      default: DEFAULT_MAX_FILES,
    },
  },
}

const text = (description: string): JsonSchema => ({ description, type: 'string' })
const count = (description: string): JsonSchema => ({ description, type: 'integer', minimum: 0 })
const line = (description: string): JsonSchema => ({ description, type: 'integer', minimum: 1 })
const flag = (description: string): JsonSchema => ({ description, type: 'boolean' })
const oneOf = (description: string, values: readonly string[]): JsonSchema => ({ description, enum: [...values] })
const list = (description: string, items: JsonSchema): JsonSchema => ({ description, type: 'array', items })

/** An object whose properties are all required, but for those named. */
function record(
  description: string,
  properties: Record<string, JsonSchema>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { description, type: 'object', required, additionalProperties: false, properties }
}

const PATH = text('Relative to the root, with / between folders.')
const LANGUAGE = oneOf('Language, told by the extension.', LANGUAGES)
const START = line('First line, from 1; decorators are not part of it.')
const END = line('Last line, inclusive.')
const EXPORTED = flag(
  'True when exported by its own statement, by an export list or as the default. In Python: at the top level, without a leading underscore.',
)
const COMPLEXITY = {
  description:
    'Cyclomatic complexity: 1 + each if, elif, conditional expression, loop, case with a value, catch or except, and, or, ??, for and if of a comprehension in its own body; functions within count for themselves.',
  type: 'integer',
  minimum: 1,
}
const NESTING = count('Most if, loop, switch, match and try statements within one another; else if opens no level.')

const LINE_COUNTS = {
  lines: count('Physical lines.'),
  codeLines: count('Lines with anything but white space and comments. Python docstrings are code.'),
  commentLines: count('Lines with nothing but comment.'),
  blankLines: count('Lines of white space only, wherever they stand.'),
}

const FUNCTIONS = count(
  'Functions with a body: declarations, expressions, arrows, lambdas, methods of classes and object literals, getters, setters, constructors and generators. Overload signatures, abstract and ambient declarations and interface members are not counted.',
)
const CLASSES = count('Class declarations and expressions, with or without a name.')
const IMPORTS = count(
  'Modules named by import statements, re-exports, and import() and require() of a plain string; Python\'s "import a, b" counts two.',
)
const TYPES = count('TypeScript interfaces, type aliases and enums.')

const TOTALS = {
  files: count('Analysed files, those with syntax errors included.'),
  bytes: count('Their size.'),
  ...LINE_COUNTS,
  functions: FUNCTIONS,
  classes: CLASSES,
  imports: IMPORTS,
  types: TYPES,
}

const PARAMETER = record(
  'One parameter.',
  {
    name: text('Its name, or the pattern of a destructured one; at most 120 characters.'),
    type: text('The annotation as written, on one line, at most 120 characters.'),
    default: text('The default value as written, on one line, at most 120 characters.'),
    rest: oneOf('Takes all further positional (...a, *a) or keyword (**a) arguments.', ['positional', 'keyword']),
  },
  ['type', 'default', 'rest'],
)

const FUNCTION = record(
  'One function.',
  {
    name: text('Its own name, else that of what it is assigned to, else <anonymous>.'),
    qualifiedName: text('The names of the classes and functions around it and its own, joined by dots: Class.method.'),
    kind: oneOf('What it is by its syntax.', FUNCTION_KINDS),
    startLine: START,
    endLine: END,
    parameters: list('In order. Left out when the report was trimmed.', PARAMETER),
    complexity: COMPLEXITY,
    nesting: NESTING,
    isAsync: flag('Declared async.'),
    isGenerator: flag('Yields: marked by * or, in Python, by a yield in its body.'),
    isExported: EXPORTED,
  },
  ['parameters'],
)

const CLASS = record('One class.', {
  name: text('Its own name, else that of what it is assigned to, else <anonymous>.'),
  qualifiedName: text('The names of the classes and functions around it and its own, joined by dots.'),
  bases: list('What it extends, as written.', { type: 'string' }),
  methods: list('Names of the functions defined directly in its body, in order.', { type: 'string' }),
  startLine: START,
  endLine: END,
  isExported: EXPORTED,
})

const IMPORT = record('One imported module.', {
  module: text('As written: ./x.ts, node:fs, .models, os.path.'),
  names: list('Names as the module exports them; default, * for all, none when only the module is loaded.', {
    type: 'string',
  }),
  kind: oneOf('How it is imported; type-import is gone at run time.', IMPORT_KINDS),
  line: START,
})

const TYPE = record('One TypeScript type.', {
  name: text('Its name.'),
  kind: oneOf('What declares it.', TYPE_KINDS),
  startLine: START,
  endLine: END,
  isExported: EXPORTED,
})

const FILE = record('One analysed file.', {
  path: PATH,
  language: LANGUAGE,
  bytes: count('Size.'),
  ...LINE_COUNTS,
  counts: record('Exact counts, also when the lists were trimmed.', {
    functions: FUNCTIONS,
    classes: CLASSES,
    imports: IMPORTS,
    types: TYPES,
  }),
  functions: list('In the order of the source; a function comes before those within it.', FUNCTION),
  classes: list('In the order of the source.', CLASS),
  imports: list('In the order of the source.', IMPORT),
  types: list('In the order of the source.', TYPE),
})

const COMPLEX_FUNCTION = record('One function.', {
  path: PATH,
  qualifiedName: text('Class.method'),
  startLine: START,
  lines: line('Its length.'),
  complexity: COMPLEXITY,
  nesting: NESTING,
})

const HOTSPOTS = record('What to read first.', {
  complexFunctions: list('The 20 most complex functions, by complexity and then nesting.', COMPLEX_FUNCTION),
  largestFiles: list(
    'The 20 files with the most lines.',
    record('One file.', { path: PATH, lines: LINE_COUNTS.lines, functions: FUNCTIONS }),
  ),
})

const CHANGED_LINES = {
  addedLines: count('Lines that are new, changed ones among them; 0 of a binary file.'),
  deletedLines: count('Lines that are gone, changed ones among them; 0 of a binary file.'),
}

const CHANGED_FILE = record('One file that differs.', {
  path: text('Relative to the root, with / between folders; of a deleted file where it was.'),
  previousPath: { description: 'Where a renamed file was; null for others.', type: ['string', 'null'] },
  kind: oneOf('What became of it.', CHANGE_KINDS),
  language: {
    description: 'Language, told by the extension; null: none that can be analysed.',
    enum: [...LANGUAGES, null],
  },
  isAnalysed: flag('Whether it is among the analysed files.'),
  ...CHANGED_LINES,
  isBinary: flag('Whether git takes it for binary.'),
  functions: count('Functions with lines that were changed, or gone.'),
  complexity: count('Cyclomatic complexity of the most complex of them; 0 without any.'),
})

const CHANGES = record('What has changed; only where changedSince was given.', {
  since: text('changedSince, as it was given.'),
  baseCommit: text('SHA of the commit where the two parted.'),
  headCommit: text('SHA of the commit that is checked out.'),
  totals: record('Sums over all files that differ, exact also when some were left out.', {
    files: count('Files that differ, of any kind.'),
    ...CHANGED_LINES,
    functions: count('Functions with lines that were changed, or gone.'),
  }),
  files: list('By path.', CHANGED_FILE),
  omittedFiles: count('How many were left out to keep the list below 250 kB: those with the fewest changed lines.'),
  largestFiles: list('The 20 files with the most changed lines.', CHANGED_FILE),
  complexFunctions: list(
    'The 20 most complex of the functions with lines that were changed, or gone; by complexity and then nesting.',
    COMPLEX_FUNCTION,
  ),
})

const nullable = (description: string): JsonSchema => ({ description, type: ['integer', 'null'], minimum: 1 })

/** What `code_analysis` gives back; JSON Schema draft 2020-12. */
export const codeAnalysisOutputSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Code analysis',
  ...record(
    'Structure and size of the source files below a path.',
    {
      root: text('Absolute path of the analysed folder, or of the folder of the analysed file.'),
      totals: record('Sums over all analysed files, exact also when the report was trimmed.', {
        ...TOTALS,
        failedFiles: count('Files that do not follow their grammar or broke the parser.'),
        skippedFiles: count('Files and folders left out, see skipped.'),
      }),
      languages: list('The same sums by language.', record('One language.', { language: LANGUAGE, ...TOTALS })),
      hotspots: HOTSPOTS,
      files: list('By path.', FILE),
      failures: list(
        'Files that do not parse, each with its first error; what could be recovered around it is listed and counted.',
        record('One file.', {
          path: PATH,
          line: nullable('From 1; null when the parser broke down.'),
          column: nullable('From 1, in UTF-16 units; null when the parser broke down.'),
          message: text('What is wrong.'),
        }),
      ),
      skipped: list(
        'Source files and folders that were left out although they are neither ignored nor excluded.',
        record('One file or folder.', {
          path: PATH,
          reason: oneOf('Why, for programs.', SKIP_REASONS),
          message: text('Why, for people.'),
        }),
      ),
      truncated: {
        description: 'How many of each were left out to keep the report below its size; null when it is whole.',
        oneOf: [
          { type: 'null' },
          record(
            'Counts, in the order in which parts are given up.',
            Object.fromEntries(TRUNCATED_PARTS.map((part) => [part, count('Left out.')])),
          ),
        ],
      },
      changes: CHANGES,
    },
    ['changes'],
  ),
}

import { describe, expect, test } from 'vitest'
import { isTouched, readChangedLines, readRawDiff } from '../../../src/integration/git/changed-file.ts'

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n')
}

describe('a raw diff', () => {
  test('names files as they are, whatever they are called', () => {
    const text = [
      ':000000 100644 0000000 bdc955b A',
      'new\n"file".ts',
      ':100644 100644 e69de29 e69de29 R100',
      'was here.ts',
      'is here.ts',
      ':100644 100755 de98044 6372083 M',
      ':looks like a header',
      ':100644 000000 de98044 0000000 D',
      'gone',
      '',
    ].join('\0')
    expect(readRawDiff(text)).toEqual([
      { kind: 'ADDED', path: 'new\n"file".ts', previousPath: null },
      { kind: 'RENAMED', path: 'is here.ts', previousPath: 'was here.ts' },
      { kind: 'MODIFIED', path: ':looks like a header', previousPath: null },
      { kind: 'DELETED', path: 'gone', previousPath: null },
    ])
    expect(readRawDiff('')).toEqual([])
  })

  test('of a form that is not known is no list of files', () => {
    expect(() => readRawDiff('diff --git a/x b/x\0')).toThrow('"diff --git a/x b/x"')
  })
})

describe('changed lines', () => {
  test('are told by file, with those that are only gone between two lines', async () => {
    const text = `diff --git a/a b/a
index 1..2 100644
--- a/a
+++ b/a
@@ -2 +1,0 @@ a
-b
@@ -3,0 +3,2 @@ c
+d
+e
@@ -9,3 +9 @@
-x
-y
-z
+w
diff --git a/p.png b/p.png
Binary files a/p.png and b/p.png differ
diff --git a/same b/moved
similarity index 100%
rename from same
rename to moved`
    expect(await readChangedLines(linesOf(text))).toEqual([
      {
        addedLines: 3,
        deletedLines: 4,
        isBinary: false,
        ranges: [
          { first: 2, last: 1 },
          { first: 3, last: 4 },
          { first: 9, last: 9 },
        ],
      },
      { addedLines: 0, deletedLines: 0, isBinary: true, ranges: [] },
      { addedLines: 0, deletedLines: 0, isBinary: false, ranges: [] },
    ])
  })

  test('that look like headers are content', async () => {
    const text = `diff --git a/a b/a
@@ -0,0 +1,4 @@
+diff --git a/b b/b
+@@ -1 +1 @@
+++ b/c
+Binary files differ
\\ No newline at end of file`
    expect(await readChangedLines(linesOf(text))).toEqual([
      { addedLines: 4, deletedLines: 0, isBinary: false, ranges: [{ first: 1, last: 4 }] },
    ])
  })
})

test.each([
  ['its first line', { first: 1, last: 5 }, true],
  ['its last line', { first: 8, last: 20 }, true],
  ['a line within', { first: 6, last: 6 }, true],
  ['lines before', { first: 1, last: 4 }, false],
  ['lines behind', { first: 9, last: 9 }, false],
  ['a gap within', { first: 7, last: 6 }, true],
  ['a gap before', { first: 5, last: 4 }, false],
  ['a gap behind', { first: 9, last: 8 }, false],
])('code from line 5 to 8 is touched by %s: %j is %s', (_what, range, expected) => {
  expect(isTouched({ startLine: 5, endLine: 8 }, [range])).toBe(expected)
})

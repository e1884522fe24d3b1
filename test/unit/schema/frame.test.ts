import { describe, expect, it } from 'vitest'
import {
  type Diagnostic,
  printable,
  readWorkflow,
  renderAnnotation,
  renderDiagnostic,
} from '../../../schema/index.ts'

const FILE = '.codemie/workflows/review.yaml'

const TEXT = `assistants:
  - id: a
    system_prompt: You help.
states:
  - id: plan
    assistant_id: a
    next:
      state_id: review
  - id: review
    assistant_id: a
    next:
      condition:
        expression: ok
        then: reviw
        otherwise: end
`

const base: Diagnostic = {
  file: FILE,
  line: 1,
  column: 1,
  code: 'some-code',
  severity: 'warning',
  message: 'Something',
}

describe('a diagnostic for people', () => {
  it('shows the line, the caret, what was expected and what to do', () => {
    const [diagnostic] = readWorkflow({ file: FILE, text: TEXT }).diagnostics
    expect(
      diagnostic && renderDiagnostic(diagnostic, TEXT),
    ).toBe(`error unknown-state: State 'reviw' does not exist
  --> .codemie/workflows/review.yaml:14:15
   |
14 |         then: reviw
   |               ^^^^^
   = expected: one of plan, review, end
   = did you mean 'review'?
   = help: Name a state of this file, or 'end'`)
  })

  it('shows what was found', () => {
    const text = 'recursion_limit: "50"\nstates: []\n'
    const [diagnostic] = readWorkflow({ file: FILE, text }).diagnostics
    expect(
      diagnostic && renderDiagnostic(diagnostic, text),
    ).toBe(`error wrong-type: 'recursion_limit' has the wrong type
 --> .codemie/workflows/review.yaml:1:18
  |
1 | recursion_limit: "50"
  |                  ^^^^
  = expected: a whole number
  = found: the text "50"
  = help: Supersteps that a run may take`)
  })

  it('leaves the frame out without the text', () => {
    expect(renderDiagnostic({ ...base, help: 'Do it' })).toBe(`warning some-code: Something
 --> .codemie/workflows/review.yaml:1:1
  = help: Do it`)
  })

  it('paints by role when asked', () => {
    const painted = renderDiagnostic(
      { ...base, help: 'Do it' },
      'x: 1',
      (text, role) => `<${role}>${text}</>`,
    )
    expect(painted.split('\n')[0]).toBe('<warning>warning some-code</>: Something')
  })

  it('cuts a long line around the place', () => {
    const text = `task: ${'a'.repeat(200)}X${'b'.repeat(200)}`
    const lines = renderDiagnostic({ ...base, column: 207, endLine: 1, endColumn: 208 }, text).split('\n')
    expect(lines[3]).toBe(`1 | ...${'a'.repeat(40)}X${'b'.repeat(79)}...`)
    expect(lines[4]).toBe(`  | ${' '.repeat(43)}^`)
  })

  it('puts the caret under wide and combined signs', () => {
    const lines = renderDiagnostic({ ...base, column: 6, endLine: 1, endColumn: 7 }, '表e\u0301a: b').split(
      '\n',
    )
    expect(lines[4]).toBe('  |      ^')
    expect(renderDiagnostic({ ...base, column: 5, endLine: 1, endColumn: 6 }, '😀ab: x').split('\n')[4]).toBe(
      '  |     ^',
    )
  })

  it('lets no control character of a file through', () => {
    const shown = renderDiagnostic({ ...base, message: 'a\u001b[31m\u202eb' }, 'a\u001b[2Jb')
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    expect(printable('a\u001bb')).toBe('a\\u{1b}b')
  })
})

describe('a diagnostic for GitHub', () => {
  it('is one escaped command', () => {
    const diagnostic: Diagnostic = {
      ...base,
      file: 'a,b:c.yaml',
      severity: 'error',
      line: 3,
      column: 5,
      endLine: 3,
      endColumn: 9,
      message: '100%\nsure',
      help: 'Do it',
    }
    expect(renderAnnotation(diagnostic)).toBe(
      '::error file=a%2Cb%3Ac.yaml,line=3,endLine=3,col=5,endColumn=8,title=some-code::100%25%0Asure%0Ahelp: Do it',
    )
  })

  it.each([
    ['warning', '::warning '],
    ['info', '::notice '],
  ] as const)('has a command for %s', (severity, start) => {
    expect(renderAnnotation({ ...base, severity }).startsWith(start)).toBe(true)
  })
})

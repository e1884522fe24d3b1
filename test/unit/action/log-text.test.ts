import { describe, expect, test } from 'vitest'
import { logLine, logText } from '../../../action/log-text.ts'

/** Whether the runner takes a line for a command; source: `ActionCommand.cs` of actions/runner. */
function isCommand(line: string): boolean {
  return line.trimStart().startsWith('::') || line.includes('##[')
}

describe('text in the log of a job', () => {
  test.each([
    ['a command', '::error::gone'],
    ['one after white space', ' \t\u00a0::add-mask::a'],
    ['one on a later line', 'a\n\n  ::set-output name=a::b'],
    ['one after a carriage return', 'a\r::error::b\r\n::error::c'],
    ['one that an escape sequence hides', '\u001b[31m::error::b\n:\u001b[0m:error::c'],
    ['one that a control character divides', ':\u0000:error::b\n\u0085::error::c'],
    ['the old form', 'a ##[error]b'],
    ['the old form, divided', '#\u200e#[error]b'],
    ['the end of a stop', '::stop-commands::x\n::x::'],
  ])('%s is only text', (_, text) => {
    const lines = logText(text).split(/\r\n|\r|\n/)
    expect(lines.filter(isCommand)).toEqual([])
  })

  test('ordinary text stays as it is', () => {
    const text = 'a::b\n\tstd::vector ## [x] 日本語\n'
    expect(logText(text)).toBe(text)
  })

  test('one line', () => {
    expect(logLine('  a\n ::error::b \t c')).toBe('a ::error::b c')
    expect(isCommand(logLine('\n::error::b'))).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { formatCost, formatDuration, formatTokens } from '../../../cli/ui/numbers.ts'
import { wantsColor, wantsUnicode } from '../../../cli/ui/palette.ts'
import { displayWidth, oneLine, shorten, stripControls, wrap } from '../../../cli/ui/plain-text.ts'
import { readableOutput } from '../../../cli/ui/readable-output.ts'
import { defuseCommands } from '../../../cli/ui/workflow-commands.ts'

describe('text for a terminal', () => {
  it.each([
    ['colours', 'a\u001b[31mred\u001b[0m', 'ared'],
    ['cursor movement', 'a\u001b[2J\u001b[1;1Hb', 'ab'],
    ['a window title', 'a\u001b]0;owned\u0007b', 'ab'],
    ['a link', '\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['an 8-bit sequence', 'a\u009b31mb', 'ab'],
    ['a lone escape at the end', 'a\u001b', 'a'],
    ['backspaces and carriage returns', 'safe\u0008\u0008x\ry', 'safexy'],
    ['characters that turn the direction', 'a\u202eb\u2066c', 'abc'],
    ['line breaks of Windows', 'a\r\nb', 'a\nb'],
    ['tabs and other scripts', 'a\tд中', 'a\tд中'],
  ])('loses %s', (_what, text, expected) => {
    expect(stripControls(text)).toBe(expected)
  })

  it('is put on one line', () => expect(oneLine(' a\n\n  b\u001b[1m ')).toBe('a b'))
  it.each([
    ['abc', 3],
    ['中文', 4],
    ['e\u0301', 1],
    ['\u001b[1mbold\u001b[22m', 4],
  ])('measures %j', (text, width) => expect(displayWidth(text)).toBe(width))
  it('is shortened by columns', () => {
    expect(shorten('abcdef', 4)).toBe('abc…')
    expect(shorten('中文中文', 5)).toBe('中文…')
    expect(shorten('abc', 3)).toBe('abc')
  })
  it('is wrapped at spaces, and long words stay whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('a-very-long-word b', 5)).toEqual(['a-very-long-word', 'b'])
  })
})

describe('commands of GitHub Actions in a log', () => {
  it.each([
    ['a command', '::set-output name=x::y', ': :set-output name=x::y'],
    ['an indented one', 'a\n  ::add-mask::b\n', 'a\n  : :add-mask::b\n'],
    ['the older spelling', 'a ##[group]b', 'a ## [group]b'],
    ['colons inside a line', 'std::vector', 'std::vector'],
  ])('lose their meaning: %s', (_what, text, expected) => expect(defuseCommands(text)).toBe(expected))
})

describe('numbers for people', () => {
  it.each([
    [0, '0.0s'],
    [1234, '1.2s'],
    [59_960, '1m 00s'],
    [125_000, '2m 05s'],
    [3_725_000, '1h 02m'],
  ])('says %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
  it.each([
    [undefined, false, 'cost unknown'],
    [0, true, 'cost unknown'],
    [0, false, '$0.00'],
    [0.00042, false, '$0.00042'],
    [0.000000123, false, '$0.00000012'],
    [0.031, false, '$0.0310'],
    [12.4, false, '$12.40'],
    [0.1, true, 'at least $0.1000'],
  ])('says a cost of %s (partial: %s) as %s', (usd, isPartial, text) => {
    expect(formatCost(usd, isPartial)).toBe(text)
  })
  it.each([
    [1, 0, '1 token'],
    [900, 99, '999 tokens'],
    [9000, 999, '9,999 tokens'],
    [12_345, 0, '12.3k tokens'],
    [2_500_000, 0, '2.5M tokens'],
  ])('says %d and %d tokens as %s', (inputTokens, outputTokens, text) => {
    expect(formatTokens({ inputTokens, outputTokens, cachedInputTokens: 0 })).toBe(text)
  })
})

describe('colours and signs', () => {
  const terminal = { isTerminal: true }
  it.each([
    ['a terminal', {}, terminal, false, true],
    ['a pipe', {}, { isTerminal: false }, false, false],
    ['NO_COLOR', { NO_COLOR: '1' }, terminal, false, false],
    ['an empty NO_COLOR', { NO_COLOR: '' }, terminal, false, true],
    ['--no-color', { FORCE_COLOR: '1' }, terminal, true, false],
    ['FORCE_COLOR in a pipe', { FORCE_COLOR: '1' }, { isTerminal: false }, false, true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, terminal, false, false],
    ['a dumb terminal', { TERM: 'dumb' }, terminal, false, false],
  ])('%s', (_what, env, stream, flag, expected) => expect(wantsColor(env, stream, flag)).toBe(expected))
  it.each([
    ['a UTF-8 locale', { LANG: 'de_DE.UTF-8' }, 'linux', true],
    ['the C locale', { LC_ALL: 'C', LANG: 'de_DE.UTF-8' }, 'linux', false],
    ['no locale', {}, 'linux', false],
    ['no locale in CI', { CI: 'true' }, 'linux', true],
    ['no locale on macOS', {}, 'darwin', true],
    ['the console of Linux', { LANG: 'C.UTF-8', TERM: 'linux' }, 'linux', false],
  ])('more than ASCII: %s', (_what, env, platform, expected) => {
    expect(wantsUnicode(env, platform)).toBe(expected)
  })
})

describe('the output of a step', () => {
  it.each([
    ['plain text', 'hello', 'hello'],
    ['an object with one text', '{"report": "# A\\nb"}', '# A\nb'],
    ['an object with more', '{"a":1,"b":2}', '{\n  "a": 1,\n  "b": 2\n}'],
    ['a list', '[1]', '[\n  1\n]'],
    ['something that only looks like JSON', '{a}', '{a}'],
    ['Markdown that begins with a bracket', '[link](x)', '[link](x)'],
  ])('%s', (_what, output, expected) => expect(readableOutput(output)).toBe(expected))
})

import { describe, expect, test } from 'vitest'
import { renderDiffMarkdown } from '../../../../runner/report/diff-markdown.ts'
import { showHidden } from '../../../../runner/report/neutralise.ts'
import { wordHunks } from '../../../../runner/report/word-hunks.ts'
import { type ComparedDefinition, compareDefinition } from '../../../../schema/diff/definitions.ts'
import { NOTE_FILE as FILE, NOTE } from '../../../helpers/note-workflow.ts'

function compared(before: string | undefined, after: string | undefined, names = [FILE, FILE]) {
  const side = (file = FILE, text: string | undefined) => (text === undefined ? undefined : { file, text })
  const diff = compareDefinition(side(names[0], before), side(names[1], after))
  if (diff === undefined) throw new Error('Nothing to compare')
  return diff
}

const LONG = NOTE.replace(
  'You write.',
  '"You write notes for people who have little time, and you never use more than fifty words."',
)

describe('a diff as Markdown', () => {
  test('nothing means anything else', () => {
    expect(renderDiffMarkdown([])).toBe('Nothing that runs is different.\n')
  })

  test('the verdict, what asks for a decision first, a long text word by word, the graph', () => {
    const after = LONG.replace('fifty', 'thirty')
      .replace('{ name: read_file }', '{ name: read_file }, { name: shell }')
      .replace('Plan a note', 'Plan a | note')
    expect(renderDiffMarkdown([compared(LONG, after)])).toMatchInlineSnapshot(`
      "**2 widening** · 3 neutral in 1 workflow

      ### .codemie/workflows/note.yaml

      | Class | State | What is different |
      |---|---|---|
      | 🟠 **widening** | plan, write | tools +shell |
      | ⚪ neutral | plan | task: Plan a note → Plan a \\| note |
      | ⚪ neutral | plan, write | prompt: changed, 1 word out and 1 in |

      <details><summary><b>plan, write</b>: prompt: changed, 1 word out and 1 in</summary>

      \`\`\`diff
        You write notes for people who have little time, and you never use more than
      - fifty words.
      + thirty words.
      \`\`\`

      </details>

      <details><summary>Graph</summary>

      \`\`\`mermaid
      flowchart TD
        start([start])
        n0["plan"]
        n1["write"]
        stop(["summary, end"])
        start --> n0
        n0 --> n1
        n1 --> stop
        classDef changed fill:#fff8c5,stroke:#9a6700,color:#4d3800
        class n0,n1 changed
      \`\`\`

      </details>
      "
    `)
  })

  test.each<[string, ComparedDefinition, string]>([
    [
      'new',
      compared(undefined, NOTE),
      `**1 widening** in 1 workflow (1 new)\n\n### ${FILE}\n\n| Class | State | What is different |\n|---|---|---|\n| 🟠 **widening** |  | is new: 2 states, with tool read\\_file |\n\n<details><summary>Graph`,
    ],
    [
      'gone',
      compared(NOTE, undefined),
      `1 narrowing in 1 workflow (1 gone)\n\n### ${FILE}\n\n| Class | State | What is different |\n|---|---|---|\n| 🟢 narrowing |  | is gone |\n\n<details>`,
    ],
    [
      'moved',
      compared(NOTE, NOTE, ['.codemie/workflows/b.yaml', FILE]),
      `1 workflow (1 moved)\n\n### ${FILE}\n\nMoved from .codemie/workflows/b.yaml.\n`,
    ],
    [
      'broken',
      compared(NOTE, NOTE.replace('state_id: write', 'state_id: nowhere')),
      `1 workflow (1 with errors)\n\n### ${FILE}\n\n**Has errors now**, so it cannot be compared: ${FILE}:4: `,
    ],
    [
      'mended',
      compared('states: 1\n', NOTE, ['.codemie/workflows/old.yaml', FILE]),
      `1 workflow (1 moved)\n\n### ${FILE}\n\nMoved from .codemie/workflows/old.yaml.\n\n**Had errors before**, so it cannot be compared: .codemie/workflows/old.yaml:1: `,
    ],
  ])('one that is %s', (_name, diff, start) => {
    const page = renderDiffMarkdown([diff])
    expect(page.slice(0, start.length)).toBe(start)
  })

  test('what a definition says is text: no mention, image, link, HTML, column, end of a fence, nothing hidden', () => {
    const evil = '@ann ![](https://e.test/x) <img src=x> | `x` ``` \u202e'
    const prompt = `"${evil} ${'and so on and on '.repeat(6)}"`
    const page = renderDiffMarkdown([
      compared(
        NOTE,
        NOTE.replace('You write.', prompt)
          .replace('task: Plan a note', `task: "${evil}"`)
          .replaceAll('id: write', 'id: "</b>@ann<script>"'),
      ),
    ])
    const [outside = '', fence = ''] = page.split(/^````diff\n([\s\S]*?)\n````$/m)
    expect(fence).toContain('[U+202E]')
    expect(fence).toContain('![](https://e.test/x)')
    expect(outside).not.toMatch(/@ann|!\[\]|https:\/\/|<img|<script|<\/b>@|\u202e/)
    expect(outside).toContain('\\| \\`x\\` \\`\\`\\` [U+202E]')
  })

  test('a page that is too long loses its graphs first, then texts, then neutral changes, and says so', () => {
    const wide = LONG.replace('fifty', 'thirty')
      .replace('{ name: read_file }', '{ name: read_file }, { name: shell }')
      .replace('Plan a note', 'Plan it')
    const diffs = [
      compared(LONG, wide),
      compared(LONG, wide, ['.codemie/workflows/b.yaml', '.codemie/workflows/b.yaml']),
    ]
    const shown = (limit: number) => {
      const page = renderDiffMarkdown(diffs, { limit })
      expect(page.length).toBeLessThanOrEqual(Math.max(limit, 400))
      const has = { graph: '```mermaid', text: '```diff', neutral: '| ⚪', widening: '| 🟠', heading: '### ' }
      const counts = Object.entries(has).map(([name, sign]) => [name, page.split(sign).length - 1])
      return [Object.fromEntries(counts), /_Left out.*/.exec(page)?.[0] ?? '']
    }
    const end = '. `codemie-ci diff` shows all of it._'
    expect([5000, 1800, 1350, 850, 400].map(shown)).toEqual([
      [{ graph: 2, text: 2, neutral: 4, widening: 2, heading: 2 }, ''],
      [
        { graph: 1, text: 2, neutral: 4, widening: 2, heading: 2 },
        `_Left out for want of space: 1 graph${end}`,
      ],
      [
        { graph: 0, text: 1, neutral: 4, widening: 2, heading: 2 },
        `_Left out for want of space: 1 text word by word, 2 graphs${end}`,
      ],
      [
        { graph: 0, text: 0, neutral: 2, widening: 2, heading: 2 },
        `_Left out for want of space: 2 neutral changes, 2 texts word by word, 2 graphs${end}`,
      ],
      [
        { graph: 0, text: 0, neutral: 0, widening: 0, heading: 0 },
        `_Left out for want of space: 2 files, 2 widening changes, 4 neutral changes, 2 texts word by word, 2 graphs${end}`,
      ],
    ])
  })
})

describe('lines of a word diff', () => {
  const same = (text: string) => ({ kind: 'same' as const, text })
  const removed = (text: string) => ({ kind: 'removed' as const, text })
  const added = (text: string) => ({ kind: 'added' as const, text })

  test.each([
    ['nothing', [], []],
    ['all of it', [removed('a b\nc'), added('d')], ['- a b', '- c', '+ d']],
    [
      'few words beside a change belong to it',
      [
        same('It is '),
        removed('one'),
        added('two'),
        same(' and '),
        removed('x'),
        added('y'),
        same(' words long.'),
      ],
      ['- It is one and x words long.', '+ It is two and y words long.'],
    ],
    ['white space alone', [same('a '), removed(' '), added('\n\t'), same('b')], ['- a  b', '+ a', '+ b']],
    [
      'a change that touches words belongs to them',
      [same('Report only all the risks'), added(', and secrets'), same('. For each of them say why')],
      ['  Report only all the', '- risks.', '+ risks, and secrets.', '  For each of them say why'],
    ],
    ['nothing but a break', [same('one two three four'), added('\n')], ['  one two three four', '+ ⏎']],
    [
      'the middle of a long text',
      [
        added('new '),
        same(Array.from({ length: 9 }, (_, i) => `line ${i} of it\n`).join('')),
        removed('old'),
      ],
      ['+ new', '  line 0 of it', '  line 1 of it', '…', '  line 7 of it', '  line 8 of it', '- old'],
    ],
    [
      'a long line is broken at spaces',
      [removed(`${'word '.repeat(30)}${'x'.repeat(100)}`)],
      [`- ${'word '.repeat(18).trim()}`, `- ${'word '.repeat(12).trim()}`, `- ${'x'.repeat(100)}`],
    ],
  ])('%s', (_name, pieces, lines) => {
    expect(wordHunks(pieces)).toEqual(lines)
  })
})

test.each([
  ['a\u200bb', 'a[U+200B]b'],
  ['a\u{e0041}\u{e0100}', 'a[U+E0041][U+E0100]'],
  ['\u001b[31m\u202e\u00ad', '[U+001B][31m[U+202E][U+00AD]'],
  ['👩‍👩‍👧 👩🏽‍🚒 ❤️‍🔥 می‌خواهم\tx\r\ny', '👩‍👩‍👧 👩🏽‍🚒 ❤️‍🔥 می‌خواهم\tx\ny'],
])('%j with what is hidden in it', (text, shown) => {
  expect(showHidden(text)).toBe(shown)
})

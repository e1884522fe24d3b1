import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { diffAsSarif } from '../../../../runner/report/diff-sarif.ts'
import { compareDefinition } from '../../../../schema/diff/definitions.ts'
import { NOTE_FILE as FILE, NOTE } from '../../../helpers/note-workflow.ts'

/** What a log of SARIF 2.1.0 must have, as far as we write it; nothing beside it. */
const SHAPE = {
  type: 'object',
  required: ['$schema', 'version', 'runs'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['tool', 'results'],
        additionalProperties: false,
        properties: {
          tool: {
            type: 'object',
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                required: ['name', 'version', 'rules'],
                additionalProperties: false,
                properties: {
                  name: { type: 'string' },
                  version: { type: 'string' },
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      required: ['id', 'shortDescription'],
                      additionalProperties: false,
                      properties: {
                        id: { type: 'string', pattern: '^[a-z-]+$' },
                        shortDescription: { $ref: '#/$defs/message' },
                      },
                    },
                  },
                },
              },
            },
          },
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: ['ruleId', 'ruleIndex', 'level', 'message', 'locations', 'partialFingerprints'],
              additionalProperties: false,
              properties: {
                ruleId: { type: 'string' },
                ruleIndex: { type: 'integer', minimum: 0 },
                level: { enum: ['none', 'note', 'warning', 'error'] },
                message: { $ref: '#/$defs/message' },
                partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
                locations: {
                  type: 'array',
                  minItems: 1,
                  items: {
                    type: 'object',
                    required: ['physicalLocation'],
                    properties: {
                      physicalLocation: {
                        type: 'object',
                        required: ['artifactLocation', 'region'],
                        properties: {
                          artifactLocation: {
                            type: 'object',
                            properties: { uri: { type: 'string', pattern: '^[!-~]+$' } },
                          },
                          region: {
                            type: 'object',
                            required: ['startLine'],
                            additionalProperties: { type: 'integer', minimum: 1 },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
  $defs: {
    message: { type: 'object', required: ['text'], properties: { text: { type: 'string', minLength: 1 } } },
  },
}
const fits = new Ajv().compile(SHAPE)

interface Result {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: string
  readonly message: { readonly text: string }
  readonly locations: readonly [
    {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string }
        readonly region: { readonly startLine: number; readonly startColumn: number }
      }
    },
  ]
  readonly partialFingerprints: Readonly<Record<string, string>>
}

function runOf(before: string | undefined, after: string | undefined, names = [FILE, FILE]) {
  const side = (file = FILE, text: string | undefined) => (text === undefined ? undefined : { file, text })
  const diff = compareDefinition(side(names[0], before), side(names[1], after))
  const log = diffAsSarif(diff ? [diff] : [], '1.2.3')
  expect([fits(log), fits.errors]).toEqual([true, null])
  const [run] = (log as { runs: [{ results: Result[]; tool: { driver: { rules: { id: string }[] } } }] }).runs
  for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex]?.id).toBe(ruleId)
  return run
}

/** `level rule uri:line:column message` of each result. */
const lines = (...given: Parameters<typeof runOf>) =>
  runOf(...given).results.map(({ level, ruleId, message, locations: [{ physicalLocation: place }] }) => {
    const { startLine, startColumn } = place.region
    return `${level} ${ruleId} ${place.artifactLocation.uri}:${startLine}:${startColumn} ${message.text}`
  })

const CHANGED = NOTE.replace('{ name: read_file }', '{ name: read_file }, { name: "[x](y)" }')
  .replace('Plan a note', 'Plan it')
  .replace('next: { state_id: write }', 'timeout: 5s, next: { state_id: check }')
  .replace(
    '{ id: write, assistant_id: a, task: Write the note',
    '{ id: check, assistant_id: a, task: One two three four five six seven eight nine ten eleven twelve thirteen',
  )

describe('a diff as SARIF', () => {
  test('nothing', () => {
    expect(runOf(undefined, undefined).results).toEqual([])
  })

  test('each change where it stands after it, one result for all states that share it', () => {
    expect(lines(NOTE, CHANGED)).toMatchInlineSnapshot(`
      [
        "warning tools-changed .codemie/workflows/note.yaml:2:14 plan: tools +\\[x\\](y) (widening)",
        "warning state-added .codemie/workflows/note.yaml:5:11 check: is new, with tools \\[x\\](y), read_file (widening)",
        "note timeout-changed .codemie/workflows/note.yaml:4:11 plan: time limit in ms: none → 5000 (narrowing)",
        "note state-removed .codemie/workflows/note.yaml:1:1 write: is gone (narrowing)",
        "note task-changed .codemie/workflows/note.yaml:4:40 plan: task: Plan a note → Plan it (neutral)",
        "note transition-changed .codemie/workflows/note.yaml:4:80 plan: goes to 'write' → goes to 'check' (neutral)",
      ]
    `)
  })

  test.each<[string, Parameters<typeof runOf>, string[]]>([
    [
      'new',
      [undefined, NOTE],
      [`warning workflow-added ${FILE}:1:1 is new: 2 states, with tool read_file (widening)`],
    ],
    ['gone', [NOTE, undefined], [`note workflow-removed ${FILE}:1:1 is gone (narrowing)`]],
    [
      'moved',
      [NOTE, NOTE, ['.codemie/workflows/a b.yaml', '.codemie/workflows/ü c#?.yaml']],
      [
        'note definition-moved .codemie/workflows/%C3%BC%20c%23%3F.yaml:1:1 It was .codemie/workflows/a b.yaml before',
      ],
    ],
    [
      'broken',
      [NOTE, NOTE.replace('state_id: write', 'state_id: nowhere')],
      [`error definition-invalid ${FILE}:4:1 It cannot be read: State 'nowhere' does not exist`],
    ],
    [
      'mended',
      ['states: 1\n', NOTE],
      [
        `note definition-not-comparable ${FILE}:1:1 It could not be read before, at line 1: 'states' has the wrong type`,
      ],
    ],
  ])('one that is %s', (_name, given, expected) => {
    expect(lines(...given)).toEqual(expected)
  })

  test('the same change at other lines is the same finding; another change is not', () => {
    const prints = (after: string) =>
      runOf(NOTE, after).results.map(({ partialFingerprints }) => partialFingerprints)
    const moved = prints(CHANGED.replace('states:\n', '# Why\n\nstates:\n\n'))
    expect(moved.length).toBeGreaterThan(3)
    expect(moved).toEqual(prints(CHANGED))
    expect(new Set(moved.map((one) => JSON.stringify(one))).size).toBe(moved.length)
    const other = prints(CHANGED.replace('Plan it', 'Plan that'))
    expect(
      other.filter((one, index) => one['codemieChange/v1'] !== moved[index]?.['codemieChange/v1']),
    ).toHaveLength(1)
  })
})

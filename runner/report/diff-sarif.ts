import { assistantIn, placedStates } from '../../schema/blocks.ts'
import type { Position } from '../../schema/diagnostic.ts'
import type { ChangeClass } from '../../schema/diff/change.ts'
import type { ComparedDefinition } from '../../schema/diff/definitions.ts'
import { type State, targetsOf, type Workflow } from '../../schema/workflow.ts'
import { meaningOfShown } from '../changed-value.ts'
import { createHash } from '../hash.ts'
import { byImportance, mergeAlike, type SharedChange } from './diff-words.ts'
import { oneLine } from './plain-text.ts'

type Level = 'error' | 'warning' | 'note'

const LEVELS: Readonly<Record<ChangeClass, Level>> = {
  breaking: 'warning',
  widening: 'warning',
  narrowing: 'note',
  neutral: 'note',
}

/** One thing that is reported, before it is SARIF. */
interface Finding {
  /** Code of the change; for a file as a whole a name of our own. */
  readonly rule: string
  readonly level: Level
  readonly message: string
  readonly file: string
  /** Where it stands; `undefined`: the first line of the file. */
  readonly at?: Partial<Position> | undefined
  /** What makes it the same finding in another version of the file: everything but the place. */
  readonly identity: readonly string[]
}

/**
 * What definitions mean now as a SARIF 2.1.0 log, for code scanning: a rule for each code of a change, and a result for each
 * change at the place where it stands after it; what is gone is told at the first line of its file. Changes that ask for a
 * decision are warnings, others notes, a file that has errors now is an error. Fingerprints do not depend on lines.
 * Source of the format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 *
 * @param version of this program. @returns plain data, ready for `JSON.stringify`.
 */
export function diffAsSarif(diffs: readonly ComparedDefinition[], version: string): object {
  const findings = diffs.flatMap(findingsOf)
  const rules = [...new Set(findings.map(({ rule }) => rule))].sort()
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'codemie-ci',
            version,
            rules: rules.map((id) => ({ id, shortDescription: { text: titleOf(id) } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, rules.indexOf(finding.rule))),
      },
    ],
  }
}

/** `tools-changed` as `Tools changed`. */
function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function findingsOf({ file, part, before, changes, invalid, workflows }: ComparedDefinition): Finding[] {
  const whole = (rule: string, level: Level, message: string, line = 1): Finding => ({
    rule,
    level,
    message,
    file,
    at: { line },
    identity: [message.replace(/^\d+: /, '')],
  })
  const found: Finding[] = []
  if (before !== undefined) found.push(whole('definition-moved', 'note', `It was ${before} before`))
  if (invalid.after !== undefined) {
    const [, line = '1', message = invalid.after] = /^(\d+): (.*)$/s.exec(invalid.after) ?? []
    found.push(whole('definition-invalid', 'error', `It cannot be read: ${message}`, Number(line)))
  }
  // That it could not be read before is no fault of the file as it is.
  if (invalid.before !== undefined)
    found.push(
      whole('definition-not-comparable', 'note', `It could not be read before, at line ${invalid.before}`),
    )
  return [
    ...found,
    ...mergeAlike(byImportance(changes)).map((change): Finding => {
      const { code, class: kind, states, sentence, before, after } = change
      const names = [
        ...(part === undefined ? [] : [part]),
        ...(states.length === 0 ? [] : [states.join(', ')]),
      ]
      const where = names.map((name) => `${name}: `).join('')
      return {
        rule: code,
        level: LEVELS[kind],
        message: `${where}${sentence} (${kind})`,
        file,
        at: workflows.after && placeOf(change, workflows.after),
        identity: [
          ...(part === undefined ? [] : [part]),
          ...states,
          sentence,
          meaningOfShown(before),
          meaningOfShown(after),
        ],
      }
    }),
  ]
}

/** Where the things stand whose place the model knows, by code; everything else stands where its state does. */
const PLACES: Readonly<Record<string, (state: State) => Position | undefined>> = {
  'task-changed': ({ work }) =>
    'task' in work ? work.task.at : work.kind === 'prompt' ? work.prompt.at : undefined,
  'output-schema-changed': ({ work }) => (work.kind === 'agent' ? work.outputSchema?.at : undefined),
  'prompt-changed': placeOfAssistant,
  'assistant-changed': placeOfAssistant,
  'model-changed': placeOfAssistant,
  'temperature-changed': placeOfAssistant,
  'parameters-changed': placeOfAssistant,
  'tools-changed': placeOfAssistant,
  'mcp-servers-changed': placeOfAssistant,
  'datasources-changed': placeOfAssistant,
  'skills-changed': placeOfAssistant,
  'command-changed': placeOfAssistant,
  'tool-arguments-changed': ({ work }) => (work.kind === 'tool' ? work.args?.at : undefined),
  'call-inputs-changed': ({ work }) => (work.kind === 'call' ? work.inputs?.at : undefined),
  'called-workflow-changed': ({ work }) => (work.kind === 'call' ? work.workflow.at : undefined),
  'transition-changed': ({ next }) => targetsOf(next)[0]?.at,
  'error-handling-changed': ({ onError }) => onError[0]?.at,
}

function placeOfAssistant({ work }: State): Position | undefined {
  return assistantIn(work)?.at
}

function placeOf({ code, states }: SharedChange, after: Workflow): Position | undefined {
  if (code === 'inputs-changed') return after.inputs[0]?.at
  if (code === 'triggers-changed') return after.triggers[0]?.at
  const id = code === 'entry-changed' ? after.entry : states[0]
  const state = placedStates(after.states).find(({ place }) => place === id)?.state
  return state && (PLACES[code]?.(state) ?? state.at)
}

function resultOf({ rule, level, message, file, at, identity }: Finding, ruleIndex: number): object {
  const { line = 1, column = 1, endLine, endColumn } = at ?? {}
  const digest = createHash('sha256').update(JSON.stringify([rule, file, ...identity]))
  return {
    ruleId: rule,
    ruleIndex,
    level,
    message: { text: plainMessage(message) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: {
            uri: encodeURI(file).replace(/[?#]/g, encodeURIComponent),
            uriBaseId: '%SRCROOT%',
          },
          region: {
            startLine: line,
            startColumn: column,
            ...(endLine === undefined || endColumn === undefined ? {} : { endLine, endColumn }),
          },
        },
      },
    ],
    partialFingerprints: { 'codemieChange/v1': digest.digest('hex') },
  }
}

/** In a message of SARIF brackets would make a link. Source: section 3.11.6. */
function plainMessage(text: string): string {
  return oneLine(text).replace(/[[\]\\]/g, '\\$&')
}
